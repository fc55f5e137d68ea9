import { json, text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { describe, expect, test } from "vitest";
import { begun, start } from "../../support/server-session-app.ts";
import { sessionApp, setCookies, type AnySession, type SessionApp, type Work } from "../../support/session-app.ts";

describe("the end of a session", () => {
  test.each([
    ["maxAge", { maxAge: 100 }],
    ["idleTimeout", { idleTimeout: 100 }],
  ])("by %s counts, although its backend still gives the record", async (_name, config) => {
    // Its clock stands still, so that for the backend nothing ever ends.
    const backend = new MemoryBackend({ now: () => start });
    let time = start;
    const app = sessionApp({ backend, ...config, now: () => time });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    const headers = { cookie: `session=${app.client.cookies.get("session")}` };
    time += 100_000 - 1;
    const client = app.browser();
    expect(await app.data({ client, headers })).toEqual({ a: 1 });
    time += 100_000 + 1;
    expect(await app.data({ client, headers })).toEqual({});
    await app.settle();
  });

  /** Knows no time, so that every record is there for ever. */
  const timeless = () => new MemoryBackend({ now: () => 0 });
  const isNew = async (session: AnySession) => text(String(session.isNew));

  test.each([
    ["maxAge", { maxAge: 100 }, 2],
    ["idleTimeout", { idleTimeout: 100 }, 101],
  ])("by %s is decided by the clock of the application, even if the backend still has the record", async (_name, config, after) => {
    let time = start;
    const app = sessionApp({ backend: timeless(), ...config, now: () => time });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    const ask = async () => (await app.run(async (_store, session) => isNew(await session()))).text();
    time += 99_000;
    expect(await ask()).toBe("false");
    time += after * 1000;
    expect(await ask()).toBe("true");
  });

  test("comes earlier when maxAge is shortened", async () => {
    let time = start;
    const backend = timeless();
    const app = sessionApp({ backend, now: () => time });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    const cookie = `session=${app.client.cookies.get("session")}`;
    time += 101_000;
    const stricter = sessionApp({ backend, maxAge: 100, now: () => time });
    expect(await stricter.data({ headers: { cookie } })).toEqual({});
  });

  test("comes earlier when idleTimeout is shortened, for the visitor and in the list of the owner", async () => {
    let time = start;
    const backend = timeless();
    const site = (idleTimeout?: number) => sessionApp({ backend, now: () => time, ...(idleTimeout !== undefined && { idleTimeout }) });
    const long = site(3600);
    await long.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    const headers = { cookie: `session=${long.client.cookies.get("session")}` };
    const look = async (app: SessionApp) => {
      const work: Work = async (store, session) => json([(await session()).isNew, (await store.listSessions("user:1")).length]);
      return (await app.run(work, { client: app.browser(), headers })).json();
    };
    time += 100_000;
    expect(await look(site(100))).toEqual([false, 1]);
    await long.settle();
    time += 101_000;
    expect(await look(site(100))).toEqual([true, 0]);
  });

  test("by idleTimeout counts from the first use where none was configured, and no longer where none is", async () => {
    let time = start;
    const backend = new MemoryBackend({ now: () => time });
    const without = sessionApp({ backend, now: () => time });
    await without.run(async (_store, session) => (await session()).set("a", 1));
    const headers = { cookie: `session=${without.client.cookies.get("session")}` };
    const timed = sessionApp({ backend, idleTimeout: 100, now: () => time });
    time += 500_000;
    expect(await timed.data({ headers })).toEqual({ a: 1 });
    await timed.settle();
    expect(await without.data({ headers })).toEqual({ a: 1 });
    await without.settle();
    time += 500_000;
    expect(await timed.data({ headers })).toEqual({ a: 1 });
    await timed.settle();
    time += 101_000;
    expect(await timed.data({ headers })).toEqual({});
  });

  test("comes by the record when a clock is set back", async () => {
    let time = start;
    const app = sessionApp({ backend: new MemoryBackend({ now: () => time }), idleTimeout: 1000, now: () => time });
    time += 120_000;
    await app.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    time -= 120_000;
    const response = await app.run(async (store, session) => {
      (await session()).increment("visits");
      return json([(await session()).isNew, (await store.listSessions("user:1")).length]);
    });
    expect([await response.json(), setCookies(response)]).toEqual([[false, 1], []]);
    time += 600_000;
    expect(await app.data()).toEqual({ visits: 1 });
  });

  test.each([
    ["HEAD", { method: "HEAD" }],
    ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
    ["a prerender", { headers: { "sec-purpose": "prefetch;prerender" } }],
    ["a prefetch by a script", { headers: { "x-sec-purpose": "prefetch" } }],
    ["a preview", { headers: { "x-purpose": "preview" } }],
    ["a prefetch of an old Firefox", { headers: { "x-moz": "prefetch" } }],
  ])("by idleTimeout is not moved by %s, which nobody sees", async (_title, options) => {
    const app = await begun({ idleTimeout: 1000 });
    for (const work of [
      async (_store, session) => void (await session()),
      async (_store, session) => void (await session()).increment("a"),
    ] as Work[]) {
      app.pass(500);
      await app.run(work, options);
      await app.settle();
    }
    expect([app.watched.counted(), app.logged]).toEqual([["read", "read", "swap"], []]);
    app.pass(1);
    expect(await app.data()).toEqual({});
  });

  test("does not move when the session changes, and expiresAt gives it", async () => {
    const app = await begun({ maxAge: 100 });
    app.pass(50);
    const response = await app.run(async (_store, session) => {
      (await session()).set("a", 2);
      return text(String((await session()).expiresAt));
    });
    expect(await response.text()).toBe(String(start + 100_000));
    app.pass(51);
    expect(await app.data()).toEqual({});
  });

  test("is the one from its beginning, for the visitor and in the list, although maxAge is longer now", async () => {
    const backend = new MemoryBackend({ now: () => start });
    const short = sessionApp({ backend, maxAge: 100, now: () => start });
    await short.run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    const headers = { cookie: `session=${short.client.cookies.get("session")}` };
    const long = sessionApp({ backend, maxAge: 200, now: () => start });
    const response = await long.run(
      async (store, session) => json([(await session()).expiresAt, (await store.listSessions("user:1"))[0]!.expiresAt]),
      { headers },
    );
    expect(await response.json()).toEqual([start + 100_000, start + 100_000]);
  });

  test("with a shorter maxAge counts from its beginning, to the millisecond, although its cookie was sent later", async () => {
    let time = start;
    const backend = new MemoryBackend({ now: () => time });
    const app = sessionApp({ backend, now: () => time });
    await app.run(async (_store, session) => {
      (await session()).set("a", 1);
      time += 50_000;
    });
    const headers = { cookie: `session=${app.client.cookies.get("session")}` };
    const stricter = sessionApp({ backend, maxAge: 100, now: () => time });
    time = start + 100_000;
    expect(await stricter.data({ headers })).toEqual({ a: 1 });
    time = start + 100_001;
    expect(await stricter.data({ headers })).toEqual({});
  });

  test.each([
    [100, { a: 2, list: [1] }],
    [101, {}],
  ])("by idleTimeout is moved by a change: %i seconds later the session is %j", async (seconds, expected) => {
    const app = await begun({ idleTimeout: 100 });
    app.pass(90);
    await app.run(async (_store, session) => (await session()).set("a", 2));
    app.pass(seconds);
    expect(await app.data()).toEqual(expected);
  });

  test("during a request is logged once and found with one call, however often the request commits", async () => {
    const app = await begun();
    const slow = await app.begin(async (_store, session) => {
      for (const value of [2, 3, 4]) {
        (await session()).set("a", value);
        await (await session()).commit();
      }
    });
    await app.run((store) => store.deleteSession());
    app.watched.counted();
    expect((await slow.finish()).status).toBe(200);
    expect(app.watched.counted()).toEqual(["swap"]);
    expect(app.logged).toEqual(["A change to a session was dropped: the session had ended in the meantime."]);
  });

  test("of a session that does not exist removes nothing", async () => {
    const app = await begun({ maxAge: 100 });
    const work: Work = async (store, session) => {
      const { handle, expiresAt } = await session();
      await store.deleteSession();
      return json([handle ?? null, expiresAt]);
    };
    const response = await app.run(work, { client: app.browser() });
    expect([response.status, await response.json()]).toEqual([200, [null, start + 100_000]]);
    expect(app.watched.counted()).toEqual([]);
  });
});
