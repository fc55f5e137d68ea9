import { text } from "@mini/core";
import { describe, expect, test } from "vitest";
import { serverSideMedia } from "../support/media.ts";
import { sessionApp as makeApp, setCookies, type SessionApp, type Work } from "../support/session-app.ts";

const logIn =
  (user: string, keep?: readonly string[]): Work =>
  async (_store, session) => {
    (await session()).set("user", user);
    (await session()).regenerate({ owner: user, ...(keep && { keep }) });
  };
const renew: Work = async (_store, session) => (await session()).regenerate();
const set =
  (key: string, value: unknown): Work =>
  async (_store, session) =>
    (await session()).set(key, value);

describe.each(await serverSideMedia())("the old id of a session in $name", (medium) => {
  let count = 0;

  /** A browser whose session holds a cart, and ways to ask with the cookie that it had then. */
  async function begun() {
    const app = makeApp({ medium });
    const user = `user:${count++}`;
    await app.run(set("cart", ["book"]));
    return { ...app, user, ...withCookieOf(app) };
  }

  function withCookieOf(app: SessionApp) {
    const headers = { cookie: `session=${app.client.cookies.get("session")}` };
    const old = () => ({ client: app.browser(), headers });
    const dataOf = (line: string | undefined) =>
      app.data({ client: app.browser(), headers: { cookie: line === undefined ? "" : line.split(";")[0]! } });
    return { old, dataOf };
  }

  test("in two requests that renew a log-in at the same time: the second sends no cookie, and the browser stays logged in", async () => {
    const app = await begun();
    await app.run(logIn(app.user));
    const { old } = withCookieOf(app);
    const [one, other] = [await app.begin(renew, old()), await app.begin(renew, old())];
    const [first, second] = [await one.finish(), await other.finish()];
    expect([setCookies(first).length, setCookies(second).length]).toEqual([1, 0]);
    expect(await app.dataOf(setCookies(first)[0])).toEqual({ cart: ["book"], user: app.user });
    expect(await app.data(old())).toEqual({});
  });

  test("in a log-in that comes second: both cookies lead to a session with the cart, also when it begins after the first", async () => {
    for (const isLate of [false, true]) {
      const app = await begun();
      const second = isLate ? undefined : await app.begin(logIn(app.user), app.old());
      const one = await app.run(logIn(app.user), app.old());
      const other = await (second?.finish() ?? app.run(logIn(app.user), app.old()));
      for (const [line] of [setCookies(one), setCookies(other)]) expect(await app.dataOf(line)).toEqual({ cart: ["book"], user: app.user });
    }
  });

  test("in a log-in of another user that comes second keeps what it has loaded, and nothing of the first", async () => {
    const app = await begun();
    const second = await app.begin(logIn(`${app.user}b`), app.old());
    await app.run(logIn(app.user), app.old());
    expect(await app.dataOf(setCookies(await second.finish())[0])).toEqual({ cart: ["book"], user: `${app.user}b` });
    const late = await app.run(logIn(`${app.user}c`), app.old());
    expect(await app.dataOf(setCookies(late)[0])).toEqual({ user: `${app.user}c` });
  });

  test("in a log-in that comes second and has read the messages does not matter", async () => {
    const app = await begun();
    await app.run(async (_store, session) => (await session()).flash("Please log in."));
    const second = await app.begin(async (store, session) => {
      const shown = await (await session()).getFlashes();
      await logIn(app.user)(store, session);
      return text(String(shown.length));
    }, app.old());
    await app.run(logIn(app.user), app.old());
    const response = await second.finish();
    expect(await response.text()).toBe("0");
    expect(await app.dataOf(setCookies(response)[0])).toEqual({ cart: ["book"], user: app.user });
  });

  test("in a request that arrives later: nothing is read, a change is dropped and logged, and the browser keeps its cookie", async () => {
    const app = await begun();
    await app.run(logIn(app.user));
    expect(await app.data(app.old())).toEqual({});
    for (const work of [set("cart", []), renew]) {
      const late = await app.run(work, app.old());
      expect([late.status, setCookies(late)]).toEqual([200, []]);
    }
    expect(app.logged).toEqual([
      "A change to a session was dropped: the session had ended in the meantime.",
      "A change to a session was dropped: the session had ended in the meantime.",
    ]);
    expect(await app.data()).toEqual({ cart: ["book"], user: app.user });
    await app.run(renew);
    expect(setCookies(await app.run(set("cart", []), app.old()))).toEqual([]);
    app.pass(31);
    expect(setCookies(await app.run(set("cart", []), app.old()))).toHaveLength(1);
  });

  test("after a log-out with the new id: a request with the old one begins a session, and a slow renewal brings nothing back", async () => {
    const app = await begun();
    const slow = await app.begin(renew, app.old());
    await app.run(logIn(app.user));
    await app.run((store) => store.deleteSession());
    const [renewed] = setCookies(await slow.finish());
    expect(await app.dataOf(renewed)).toEqual({});
    const [begunAnew] = setCookies(await app.run(set("x", 1), app.old()));
    expect(await app.dataOf(begunAnew)).toEqual({ x: 1 });
  });

  test("in a log-out also ends the session with the new id, unless a log-in gave that id", async () => {
    for (const [work, isOut] of [
      [renew, true],
      [logIn("somebody"), false],
    ] as const) {
      for (const hasLoaded of [false, true]) {
        const app = await begun();
        const out: Work = (store) => store.deleteSession();
        const loaded = hasLoaded ? await app.begin(out, app.old()) : undefined;
        const [line] = setCookies(await app.run(work));
        const response = await (loaded?.finish() ?? app.run(out, app.old()));
        expect(setCookies(response)[0]).toContain("Max-Age=0");
        expect(Object.keys(await app.dataOf(line)).length === 0).toBe(isOut);
      }
    }
  });

  test("leaves none of its contents, and is in no list", async () => {
    const app = await begun();
    await app.run(logIn(app.user, []));
    await app.run(renew);
    const listed = await app.run(async (store) => text(String((await store.listSessions(app.user)).length)));
    expect(await listed.text()).toBe("1");
  });
});
