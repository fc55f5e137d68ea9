import { json, text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { everyMedium, serverSideMedia } from "../support/media.ts";
import { sessionApp as makeApp, setCookies, type AnyData, type SessionApp, type Work } from "../support/session-app.ts";
import type { SessionOptions } from "@mini/session";

const month = 30 * 86_400;
const choose =
  (options: SessionOptions): Work =>
  async (store) => {
    const session = await store.getSession<AnyData>(undefined, options);
    session.increment("times");
    session.regenerate();
  };
const renew: Work = async (_store, session) => (await session()).regenerate();
const change: Work = async (_store, session) => void (await session()).increment("times");

/** The attributes of the session's cookie in a response. */
async function attributes(app: SessionApp, work: Work): Promise<readonly string[] | undefined> {
  return setCookies(await app.run(work))[0]
    ?.split("; ")
    .slice(1)
    .sort();
}

describe.each(await everyMedium())("an option that is given for one session in $name", (medium) => {
  const plain = ["HttpOnly", "Path=/", "SameSite=Lax"];

  test("is kept for later changes and for a new id, until it is unset", async () => {
    const app = makeApp({ medium });
    const remembered = ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"];
    expect(await attributes(app, choose({ cookie: { maxAge: month } }))).toEqual(remembered);
    expect(await attributes(app, change)).toEqual(medium.isServerSide ? undefined : remembered);
    expect(await attributes(app, renew)).toEqual(remembered);
    expect(await attributes(app, choose({ cookie: { maxAge: undefined } }))).toEqual(plain);
    expect(await attributes(app, renew)).toEqual(plain);
  });

  test("given as undefined, removes a configured attribute; without the options, all configured attributes apply again", async () => {
    const app = makeApp({ medium, cookie: { maxAge: 60, path: "/" } });
    expect(await attributes(app, choose({ cookie: { maxAge: undefined, domain: undefined, path: undefined } }))).toEqual(plain);
    expect(await attributes(app, renew)).toEqual(plain);
    expect(await attributes(app, choose({ cookie: undefined }))).toEqual(["HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax"]);
  });

  test("makes its session live longer or shorter than others, also in requests that do not pass it", async () => {
    for (const [options, seconds] of [
      [{ maxAge: 300 }, 300],
      [{ maxAge: 50 }, 50],
      [{ idleTimeout: 40 }, 40],
    ] as const) {
      const app = makeApp({ medium, maxAge: 100 });
      await app.run(choose(options));
      app.pass(seconds);
      expect(await app.data(), JSON.stringify(options)).toEqual({ times: 1 });
      await app.settle();
      app.pass(seconds + 1);
      expect(await app.data()).toEqual({});
    }
  });

  test("applies until it is unset, and then the configured one applies", async () => {
    const app = makeApp({ medium, maxAge: 100 });
    await app.run(choose({ maxAge: 300 }));
    await app.run(async (store) => void (await store.getSession(undefined, { maxAge: undefined })));
    app.pass(101);
    expect(await app.data()).toEqual({});
  });

  test("alone is saved once, and not again when it is passed again", async () => {
    const app = makeApp({ medium });
    await app.run(change);
    const modified: Work = async (store) => text(String((await store.getSession(undefined, { maxAge: 300 })).modified));
    expect(await (await app.run(modified)).text()).toBe("true");
    expect(await (await app.run(modified)).text()).toBe("false");
  });

  test("that the configuration no longer allows is left out", async () => {
    const app = makeApp({ medium });
    await app.run(choose({ maxAge: 60, cookie: { secure: false, sameSite: "strict" } }));
    const stricter = makeApp({ backend: app.backend, cookie: { secure: true, partitioned: true } });
    const headers = { cookie: `session=${app.client.cookies.get("session")}` };
    const work: Work = async (_store, session) => {
      (await session()).regenerate();
      return json(((await session()).expiresAt - (await session()).createdAt) / 1000);
    };
    const response = await stricter.run(work, { headers });
    expect(await response.json()).toBe(60);
    expect(setCookies(response)[0]).toMatch(/; SameSite=Lax; Partitioned$|; Partitioned; SameSite=Lax$/);
  });
});

test.each(await serverSideMedia())("the list of an owner's sessions in $name uses the options of each session", async (medium) => {
  const app = makeApp({ medium, maxAge: 100 });
  const logIn = async (options?: SessionOptions) => {
    const work: Work = async (store) => (await store.getSession(undefined, options)).regenerate({ owner: `user:${medium.name}` });
    await app.run(work, { client: app.browser() });
  };
  await logIn();
  await logIn({ maxAge: 300 });
  await logIn({ maxAge: 10 });
  const listed = async () => {
    const work: Work = async (store) =>
      json(
        (await store.listSessions(`user:${medium.name}`))
          .map(({ createdAt, expiresAt }) => (expiresAt - createdAt) / 1000)
          .sort((one, other) => one - other),
      );
    return (await app.run(work)).json();
  };
  expect(await listed()).toEqual([10, 100, 300]);
  app.pass(101);
  expect(await listed()).toEqual([300]);
});
