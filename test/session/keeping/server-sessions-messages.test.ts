import { text } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { CachedBackend } from "@mini/session/cached";
import { describe, expect, test } from "vitest";
import { MapCache } from "../../support/map-cache.ts";
import { begun, start } from "../../support/server-session-app.ts";
import { sessionApp, type AnySession, type SessionApp, type Work } from "../../support/session-app.ts";
import { WatchedBackend } from "../../support/watched-backend.ts";

const dropped = "A change to a session was dropped: the session had ended in the meantime.";

const take = async (session: AnySession) => (await session.getFlashes()).map(({ message }) => message);
const takeThem: Work = async (_store, session) => text(JSON.stringify(await take(await session())));
const fail = async (session: AnySession) => {
  await take(session);
  throw new Error("no");
};
const logOut: Work = (store) => store.deleteSession();
const flash =
  (...messages: readonly string[]): Work =>
  async (_store, session) => {
    const all = await session();
    for (const message of messages) all.flash(message);
  };

/** The messages that the next request is shown. */
const left = async (app: Pick<SessionApp, "run">) => (await app.run(takeThem)).json();
/** An application whose session has messages, and a backend that counts from now on. */
async function withMessages(messages: readonly string[], config: Parameters<typeof begun>[0] = {}) {
  const app = await begun(config);
  await app.run(flash(...messages));
  app.watched.counted();
  return app;
}

describe("messages that are taken out", () => {
  test("are written once: a request that finds them taken writes nothing", async () => {
    const app = await withMessages(["one"]);
    const late = await app.begin(takeThem);
    expect(await left(app)).toEqual(["one"]);
    app.watched.counted();
    expect(await (await late.finish()).json()).toEqual([]);
    // Which failed, and had no other after it.
    expect(app.watched.counted()).toEqual(["swap"]);
  });

  test("make no call to the backend when there are none, even when the session comes from a cache", async () => {
    const backend = new WatchedBackend(new MemoryBackend({ now: () => start }));
    const cached = new CachedBackend({ backend, cache: new MapCache(), now: () => start });
    const app = sessionApp({ backend: cached, now: () => start });
    await app.run(flash("one"));
    expect(await left(app)).toEqual(["one"]);
    backend.counted();
    expect(await left(app)).toEqual([]);
    // Its own message has not been there for anybody to take.
    const own = await app.run(async (_store, session) => {
      (await session()).flash("own");
      return text(JSON.stringify(await take(await session())));
    });
    expect(await own.json()).toEqual(["own"]);
    expect(backend.counted()).toEqual([]);
  });

  test("of a new session are shown, and no record is created for them", async () => {
    const app = await begun();
    const work: Work = async (_store, session) => {
      (await session()).flash("own");
      return text(JSON.stringify(await take(await session())));
    };
    expect(await (await app.run(work, { client: app.browser() })).json()).toEqual(["own"]);
    expect(app.watched.counted()).toEqual([]);
  });
});

describe("messages that are put back after an error", () => {
  test("are those that were taken, once each, before those that were added in the meantime", async () => {
    const app = await withMessages(["one", "two"]);
    const failing = await app.begin(async (_store, session) => fail(await session()));
    await app.run(flash("three"));
    expect((await failing.finish()).status).toBe(500);
    expect(await left(app)).toEqual(["one", "two", "three"]);
  });

  test("are not doubled when they have other levels than those that were read", async () => {
    const app = await withMessages(["one"]);
    await app.run(async (_store, session) => (await session()).flash("two", "error"));
    await app.run(async (_store, session) => {
      await (await session()).getFlashes(["error"]);
      throw new Error("no");
    });
    expect(((await left(app)) as string[]).toSorted()).toEqual(["one", "two"]);
  });

  test("are the newest twenty, with those that were added in the meantime", async () => {
    const numbers = Array.from({ length: 30 }, (_, i) => String(i));
    const app = await withMessages(numbers.slice(0, 15));
    const failing = await app.begin(async (_store, session) => {
      await take(await session());
      await app.run(flash(...numbers.slice(15)));
      throw new Error("no");
    });
    expect((await failing.finish()).status).toBe(500);
    expect(await left(app)).toEqual(numbers.slice(10));
  });

  test("and make the session too long are lost, which is logged; the response stays", async () => {
    const app = await withMessages(["x".repeat(40_000)]);
    const failing = await app.begin(async (_store, session) => {
      await take(await session());
      await app.run(async (_other, own) => (await own()).set("long", "x".repeat(40_000)));
      throw new Error("no");
    });
    expect((await failing.finish()).status).toBe(500);
    expect(app.logged).toContainEqual(
      expect.stringMatching(/^Cannot put back messages that were not shown: Cannot save the session: its record has 80\d{3} bytes/),
    );
    expect(await left(app)).toEqual([]);
  });

  test("and cannot be, because the backend fails, are logged; the response stays", async () => {
    const app = await withMessages(["one"]);
    let swaps = 0;
    app.watched.before = (name) => {
      if (name === "swap" && ++swaps === 2) throw new Error("connection refused");
    };
    expect((await app.run(async (_store, session) => fail(await session()))).status).toBe(500);
    expect(app.logged).toContain("Cannot put back messages: connection refused");
    expect(app.logged).toHaveLength(2);
  });
});

describe("a session that ends while its messages are taken out", () => {
  const meanwhile = async (app: Awaited<ReturnType<typeof withMessages>>, work: (session: AnySession) => unknown) => {
    const slow = await app.begin(async (_store, session) => work(await session()));
    await app.run(logOut);
    app.watched.counted();
    const response = await slow.finish();
    await app.settle();
    return { response, calls: app.watched.counted() };
  };
  const shows = async (session: AnySession) => text(JSON.stringify(await take(session)));

  test("shows none, calls the backend once, and logs nothing, because there was nothing to save", async () => {
    const app = await withMessages(["one"], { idleTimeout: 1000 });
    app.pass(200);
    const { response, calls } = await meanwhile(app, shows);
    expect([response.status, await response.json(), calls]).toEqual([200, [], ["swap"]]);
    expect(app.logged).toEqual([]);
  });

  test.each<readonly [string, (session: AnySession) => void]>([
    ["a change", (session) => session.set("a", 2)],
    ["a new id", (session) => session.regenerate()],
  ])("drops %s after that, without another call, and logs it", async (_title, change) => {
    const app = await withMessages(["one"]);
    const { response, calls } = await meanwhile(app, async (session) => {
      await take(session);
      change(session);
    });
    expect([response.status, response.headers.getSetCookie(), calls]).toEqual([200, [], ["swap"]]);
    expect(app.logged).toEqual([dropped]);
  });

  test("puts nothing back after an error, and is not called any more", async () => {
    const app = await withMessages(["one"], { idleTimeout: 1000 });
    app.pass(200);
    const { response, calls } = await meanwhile(app, fail);
    expect([response.status, calls]).toEqual([500, ["swap"]]);
  });

  test("shows none when a commit has found that it ended, and makes no more calls; also not after an error", async () => {
    const app = await withMessages(["one"]);
    const found: unknown[] = [];
    const { response, calls } = await meanwhile(app, async (session) => {
      session.set("a", 2);
      await session.commit();
      found.push(...(await take(session)));
      throw new Error("no");
    });
    expect([response.status, found, calls]).toEqual([500, [], ["swap"]]);
  });

  test("after they were taken out gets none back", async () => {
    const app = await withMessages(["one"]);
    const slow = await app.begin(async (_store, session) => {
      const all = await session();
      await take(all);
      await app.run(logOut);
      all.set("a", 2);
      await all.commit();
      app.watched.counted();
      throw new Error("no");
    });
    expect((await slow.finish()).status).toBe(500);
    expect(app.watched.counted()).toEqual([]);
  });
});
