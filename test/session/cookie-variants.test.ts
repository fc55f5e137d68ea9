import { deleteCookie, text } from "@mini/core";
import { TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";
import { everyMedium } from "../support/media.ts";
import { sessionApp, setCookies, type Work } from "../support/session-app.ts";

const baseUrl = "https://www.example.org";
const logIn: Work = async (_store, session) => (await session()).set("user", "ann");
const logOut: Work = (store) => store.deleteSession();
const partitioned = { secure: true, sameSite: "none", partitioned: true } as const;

describe.each(await everyMedium())("a session in $name whose cookie got other attributes", (medium) => {
  const changes = [
    ["a domain", {}, { domain: "example.org" }],
    ["no domain any more", { domain: "example.org" }, {}],
    ["partitioned", { secure: true, sameSite: "none" }, partitioned],
    ["not partitioned any more", partitioned, { secure: true, sameSite: "none" }],
  ] as const;

  test.each(changes)("%s: the newest cookie is used, and a log-out clears both", async (_title, before, after) => {
    const old = sessionApp({ medium, baseUrl, cookie: before });
    const app = sessionApp({ medium, baseUrl, cookie: after, backend: old.backend });
    app.pass(60);
    const browser = old.client;
    const run = async (work: Work, method = "GET") => {
      const headers = { cookie: browser.cookies.header(new URL(baseUrl)), host: "www.example.org" };
      const response = await app.run(work, { client: new TestClient(app.app, { baseUrl }), headers, method });
      for (const line of setCookies(response)) browser.cookies.store(line, new URL(baseUrl));
      return response;
    };
    const [line] = setCookies(await old.run(async (_store, session) => (await session()).set("user", "old")));
    await run(async (_store, session) => {
      (await session()).set("user", "new");
      (await session()).regenerate();
    });
    // A response that arrives late brings the old cookie back.
    browser.cookies.store(line!, new URL(baseUrl));
    expect(browser.cookies.header(new URL(baseUrl)).match(/session=/g)).toHaveLength(2);
    expect(await app.data({ headers: { cookie: browser.cookies.header(new URL(baseUrl)) } })).toEqual({ user: "new" });
    await run(logOut);
    expect(browser.cookies.header(new URL(baseUrl))).toBe("");
  });
});

test("a log-out sends one line when the browser has one cookie, whatever its attributes", async () => {
  const app = sessionApp({ baseUrl, cookie: { domain: "example.org", path: "/a" } });
  await app.run(logIn);
  expect(setCookies(await app.run(logOut))).toHaveLength(1);
});

test("a log-out of a cookie with the prefix __Host- never names a domain", async () => {
  const app = sessionApp({ baseUrl, cookie: { prefix: "host" } });
  const response = await app.run(logOut, { headers: { cookie: "__Host-session=a; __Host-session=b", host: "www.example.org" } });
  expect([response.status, setCookies(response).filter((line) => line.includes("Domain"))]).toEqual([200, []]);
});

test("a partitioned and an unpartitioned cookie are different: one can be cleared while the other is set", async () => {
  const app = sessionApp({ baseUrl, cookie: partitioned });
  const response = await app.run(async (_store, session) => {
    deleteCookie("session", { secure: true, sameSite: "none" });
    (await session()).set("user", "ann");
  });
  const lines = setCookies(response).map((line) => [line.includes("Max-Age=0"), line.includes("Partitioned")]);
  expect(lines).toEqual([
    [true, false],
    [false, true],
  ]);
});

test.each(["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"])(
  "%s keeps a response with a session's cookie out of caches too",
  async (name) => {
    const app = sessionApp();
    const send = (value: string) =>
      app.run(async (_store, session) => {
        (await session()).increment("visits");
        return text("ok", { headers: { [name]: value } });
      });
    expect((await send("max-age=300")).headers.get(name)).toBe("no-store");
    expect((await send("private, max-age=300")).headers.get(name)).toBe("private, max-age=300");
  },
);
