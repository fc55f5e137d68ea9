import { Rule, text, type App } from "@mini/core";
import { beforeAll, describe, expect, test } from "vitest";
import { CrossOrigin } from "../../packages/core/src/app/cross-origin.ts";
import { makeApp } from "../support/one-handler.ts";

describe("writes from other origins", () => {
  let app: App;
  beforeAll(() => void ({ app } = makeApp(() => text("done"), { crossOrigin: { trusted: ["https://friend.example"] } })));
  const post = async (headers: Record<string, string>) =>
    (await app.fetch(new Request("http://localhost:8080/", { method: "POST", headers }))).status;

  test.each([
    [{}, 200],
    [{ "sec-fetch-site": "same-origin" }, 200],
    [{ "sec-fetch-site": "none" }, 200],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "cross-site", origin: "https://friend.example" }, 200],
    [{ "sec-fetch-site": "same-site", origin: "https://friend.example" }, 200],
    [{ "sec-fetch-site": "cross-site", origin: "https://friend.example.evil.example" }, 403],
    [{ origin: "http://localhost:8080" }, 200],
    [{ origin: "http://localhost:8081" }, 403],
    [{ origin: "http://localhost" }, 403],
    [{ origin: "https://friend.example" }, 200],
    [{ origin: "null" }, 403],
    [{ origin: "" }, 403],
    [{ origin: "garbage" }, 403],
    [{ origin: "https://localhost:8080" }, 200],
    [{ origin: "ftp://localhost:8080" }, 403],
    [{ origin: "chrome-extension://localhost:8080" }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ "sec-fetch-site": "weird" }, 403],
  ])("%j is %i", async (headers, status) => {
    expect(await post(headers as Record<string, string>)).toBe(status);
  });

  test("reading is allowed from every origin, and the check may be turned off", async () => {
    expect((await app.fetch(new Request("http://localhost/", { headers: { "sec-fetch-site": "cross-site" } }))).status).toBe(200);
    const open = makeApp(() => text(""), { crossOrigin: false }).app;
    expect(
      (await open.fetch(new Request("http://localhost/", { method: "POST", headers: { origin: "https://evil.example" } }))).status,
    ).toBe(200);
  });

  test.each(["GET", "HEAD", "OPTIONS"])("do not include the method %s", async (method) => {
    const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await app.fetch(new Request("http://localhost:8080/", { method, headers }))).status).not.toBe(403);
  });

  test.each(["https://friend.example/", "https://Friend.example", "https://friend.example:443", "friend.example", "null", "*", ""])(
    "%j cannot be trusted, because it is not an origin",
    (origin) => {
      expect(() => new CrossOrigin({ trusted: [origin] })).toThrow(
        `Cannot trust the origin ${JSON.stringify(origin)}: write only scheme, host and port, such as "https://admin.example.com".`,
      );
    },
  );

  test("an origin in another script can be trusted, and browsers send it in ASCII", async () => {
    const site = makeApp(() => text(""), { crossOrigin: { trusted: ["https://münchen.example:8443"] } }).app;
    const post = async (origin: string) =>
      (await site.fetch(new Request("http://localhost/", { method: "POST", headers: { origin } }))).status;
    expect(await post("https://xn--mnchen-3ya.example:8443")).toBe(200);
    expect(await post("https://xn--mnchen-3ya.example")).toBe(403);
  });

  test("of any type and by any method are refused before anything is done", async () => {
    const done: string[] = [];
    const site = makeApp(() => text(String(done.push("handler"))), {
      middleware: [{ beforeDispatch: () => void done.push("middleware") }],
    }).app;
    const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/json", ""];
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "post", "BREW"]) {
      for (const type of types) {
        for (const from of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }, { origin: "null" }] as const) {
          const headers = { ...(from as Record<string, string>), ...(type !== "" && { "content-type": type }) };
          const { status } = await site.fetch(new Request("http://localhost/", { method, headers, body: "a=1" }));
          expect(status, `${method} of ${type}`).toBe(403);
        }
      }
    }
    expect(done).toEqual([]);
  });

  test("of any spelling of a path are refused, even if the path would be redirected", async () => {
    const rules = [new Rule("/api/*path", { redirectTo: "/" }), new Rule("/slash/", { redirectTo: "/" })];
    const site = makeApp(() => text("done"), { rules }).app;
    const paths = [
      "/",
      "//",
      "/./",
      "/a/..",
      "/%2e/",
      "/%2F",
      "/?a",
      "/;a",
      "/\\",
      "/slash",
      "/slash/",
      "//slash",
      "/api/x",
      "/api//x",
      "/nowhere",
      "/%zz",
    ];
    for (const path of paths) {
      const headers = { origin: "https://evil.example" };
      const { status } = await site.fetch(new Request(`http://localhost${path}`, { method: "POST", headers }));
      expect(status, path).toBe(403);
    }
  });
});
