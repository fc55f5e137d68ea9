import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

describe("writes from other origins", () => {
  const { app } = makeApp(() => text("done"), { crossOrigin: { trusted: ["https://friend.example"] } });
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
    [{ origin: "https://evil.example" }, 403],
    [{ "sec-fetch-site": "weird" }, 403],
  ])("%j is %i", async (headers, status) => {
    expect(await post(headers as Record<string, string>)).toBe(status);
  });

  test("reading is open to everybody, and the check may be turned off", async () => {
    expect((await app.fetch(new Request("http://localhost/", { headers: { "sec-fetch-site": "cross-site" } }))).status).toBe(200);
    const open = makeApp(() => text(""), { crossOrigin: false }).app;
    expect(
      (await open.fetch(new Request("http://localhost/", { method: "POST", headers: { origin: "https://evil.example" } }))).status,
    ).toBe(200);
  });
});
