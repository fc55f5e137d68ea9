import { setTimeout as pause } from "node:timers/promises";
import { ConfigError } from "@mini/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, makeSite } from "../support/inspected-site.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the inspector, requested from elsewhere,", () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ["through a proxy on this machine", { "x-forwarded-for": "203.0.113.5" }],
    ["through one that says so by Forwarded", { forwarded: "for=203.0.113.5" }],
    ["through one that says so by Via", { via: "1.1 proxy" }],
    ["through one that says so by X-Real-IP", { "x-real-ip": "203.0.113.5" }],
    ...[
      "CF-Connecting-IP",
      "True-Client-IP",
      "X-Client-IP",
      "X-Cluster-Client-IP",
      "X-Original-Forwarded-For",
      "X-Envoy-External-Address",
    ].map((name): [string, Readonly<Record<string, string>>] => [`through one that says so by ${name}`, { [name]: "203.0.113.5" }]),
    ["by another host name, as in DNS rebinding", { host: "attacker.example" }],
    ["by a name that begins like this machine's", { host: "localhost.attacker.example" }],
    ["from a page of another site", { "sec-fetch-site": "cross-site" }],
    ["from a page of another port", { "sec-fetch-site": "same-site" }],
  ])("is a 404 page %s", async (_way, headers) => {
    const { get } = await listen();
    expect((await get("/__mini", headers)).status).toBe(404);
    expect((await get("/__mini/events", headers)).status).toBe(404);
  });

  test.each(["/__mini/", "//__mini", "/__MINI", "/__mini%2Fevents", "/x/../__mini/x", "/__mini/events/x"])(
    "is not shown at %s",
    async (path) => {
      const { get } = await listen();
      expect((await get(path)).text).not.toContain("Inspector");
    },
  );

  test("is a 404 page with another method", async () => {
    const { get } = await listen();
    expect((await get("/__mini", {}, "POST")).status).toBe(404);
  });

  test("is a 404 page without a connection, as app.fetch() in another server", async () => {
    const app = makeSite();
    await pause(0);
    const response = await app.fetch(new Request("http://localhost/__mini"));
    expect(response.status).toBe(404);
  });

  test("is a 404 page without debug", async () => {
    const { get } = await listen(makeSite(false));
    expect((await get("/__mini")).status).toBe(404);
  });

  test("cannot be opened in production, where debug is refused", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => makeSite()).toThrow(ConfigError);
  });
});
