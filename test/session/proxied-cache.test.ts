import { abort } from "@mini/core";
import { MemoryBackend } from "@mini/session";
import { CachedBackend } from "@mini/session/cached";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { cacheServers, type CacheServer } from "../support/cache-servers.ts";
import { look, unavailable, watchRejections } from "../support/outage-app.ts";
import { sessionApp, setCookies, type SessionApp, type Work } from "../support/session-app.ts";
import { need } from "../support/skip.ts";
import { startTcpProxy, type Line } from "../support/tcp-proxy.ts";
import { WatchedBackend } from "../support/watched-backend.ts";

/** Milliseconds; longer than a test may take, so that one that waits for it fails. */
const deadline = 600_000;
/** For what comes by itself, on a busy machine too. */
const soon = { timeout: 60_000, interval: 25 };
/** Milliseconds after which a cache that has failed is asked again. */
const rest = 1000;

const faults: readonly (readonly [name: string, line: Line])[] = [
  ["refuses connections", "refuses"],
  ["hangs", "hangs"],
  ["resets every connection", "resets"],
  ["answers too late", { delay: 300 }],
  ["takes the request, and resets", { cut: "reset", after: 0 }],
  ["takes the request, and is never heard of again", { cut: "hang", after: 0 }],
  ["resets after the first byte of the reply", { cut: "reset", after: 1 }],
  ["hangs up after half of the reply", { cut: "close", after: "half" }],
  ["stops in the midst of the reply for ever", { cut: "hang", after: "half" }],
];

const increment: Work = async (_store, session) => void (await session()).increment("a");
const logOut: Work = (store) => store.deleteSession();
const logIn: Work = async (_store, session) => (await session()).regenerate({ owner: "user:1" });

watchRejections();

describe.each(cacheServers)("sessions behind a $name", ({ needs, start }) => {
  need(...needs)("behind a proxy", () => {
    let server: CacheServer;
    const ends = new Set<() => void | Promise<void>>();
    beforeAll(async () => {
      server = await start();
    });
    afterEach(async () => {
      for (const end of ends) await end();
      ends.clear();
    });
    afterAll(() => server?.kill());

    /** Two processes on one backend, one of them with the proxy before the cache, and a session that holds `{ a: 1 }`. */
    async function begun() {
      const proxy = await startTcpProxy({ host: "127.0.0.1", port: server.port });
      const watched = new WatchedBackend(new MemoryBackend());
      const process = async (port: number) => {
        const { cache, end } = await server.connect(port);
        ends.add(end);
        return sessionApp({ backend: new CachedBackend({ backend: watched, cache }), now: Date.now, deadline });
      };
      const [app, other] = [await process(proxy.port), await process(server.port)];
      ends.add(() => proxy.close());
      /** What the backend itself has. */
      const bare = sessionApp({ backend: watched, now: Date.now });
      expect((await app.run(async (_store, session) => (await session()).set("a", 1))).status).toBe(200);
      const headers = { cookie: `session=${app.client.cookies.get("session")}` };
      /** One more request with that cookie, whatever the ones before were answered. */
      const ask = (at: SessionApp, work: Work) => at.run(work, { headers, client: at.browser() });
      const data = async (at: SessionApp) => at.data({ headers, client: at.browser() });
      /** Whether the cache answers for the backend again. */
      const isCached = async () => {
        watched.counted();
        await data(app);
        return watched.counted().length === 0;
      };
      await expect.poll(isCached, soon).toBe(true);
      return { app, other, bare, proxy, ask, data, isCached };
    }

    const fine = { status: 200, retryAfter: null, cookies: [], leaks: false };
    const cleared = [expect.stringMatching(/^session=; .*Max-Age=0/)];

    describe.each(faults)("that %s", (_name, line) => {
      test("neither a read nor a change fails, and the cache is used again afterwards", async () => {
        const { app, other, bare, proxy, ask, data, isCached } = await begun();
        // How long the cache is left alone is not left to how fast the machine is.
        let now = performance.now();
        const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
        onTestFinished(() => clock.mockRestore());
        await proxy.set(line);
        expect(await data(app)).toEqual({ a: 1 });
        now += rest;
        await proxy.set(line);
        expect(await look(await ask(app, increment))).toEqual(fine);
        expect([await data(app), await data(bare)]).toEqual([{ a: 2 }, { a: 2 }]);
        const first = await app.run(async (_store, session) => (await session()).set("b", 1), { client: app.browser() });
        expect([first.status, setCookies(first).length]).toEqual([200, 1]);
        expect((await app.run(() => undefined)).status, "other routes").toBe(200);
        expect((await app.run(() => abort(404))).status, "other routes").toBe(404);
        await proxy.set("passes");
        clock.mockRestore();
        now = performance.now();
        await expect.poll(isCached, { ...soon, message: "the cache is used again" }).toBe(true);
        expect(await look(await ask(other, increment))).toEqual(fine);
        expect(await data(bare)).toEqual({ a: 3 });
        // A process that was too busy to tell the cache of its change tells it of the next one; until then others may see an older one.
        const isSeen = async () => {
          const [seen, kept] = [await data(app), await data(bare)];
          if (seen["a"] !== kept["a"]) await ask(other, increment);
          return seen["a"] === kept["a"];
        };
        await expect.poll(isSeen, { ...soon, message: "changes are seen through the cache" }).toBe(true);
      });

      test("a log-out that cannot be noted in the cache is answered 503, and the cookie is cleared", async () => {
        const { app, other, bare, proxy, ask, data } = await begun();
        expect(await data(other)).toEqual({ a: 1 });
        await proxy.set(line);
        const out = await ask(app, logOut);
        expect(setCookies(out)).toEqual(cleared);
        if (out.status !== 200) expect(await look(out)).toEqual({ ...unavailable, cookies: cleared });
        expect(await data(bare)).toEqual({});
        // Whoever still sees it, and changes it, brings nothing back.
        expect((await ask(other, increment)).status).toBe(200);
        expect(await data(bare)).toEqual({});
        if (out.status === 200) expect([await data(app), await data(other)]).toEqual([{}, {}]);
        await proxy.set("passes");
        // A client of Redis gives a silent connection up when nobody has asked for longer than its socketTimeout.
        await expect.poll(async () => (await ask(app, logOut)).status, { ...soon, interval: 800, message: "recovered" }).toBe(200);
        expect([await data(app), await data(other)]).toEqual([{}, {}]);
      });

      test("a session that gets a new id keeps its contents, and the old id has none", async () => {
        const { app, other, bare, proxy, ask, data } = await begun();
        await proxy.set(line);
        const response = await ask(app, logIn);
        expect(response.status).toBe(200);
        const [cookie = ""] = setCookies(response);
        expect(await bare.data({ headers: { cookie: cookie.slice(0, cookie.indexOf(";")) } })).toEqual({ a: 1 });
        expect(await data(bare)).toEqual({});
        // Whoever still sees the old one, and changes it, changes nothing.
        expect((await ask(other, increment)).status).toBe(200);
        expect(await data(bare)).toEqual({});
        await proxy.set("passes");
      });
    });

    test("make every increment once, whatever happens to connections of the cache", async () => {
      const { app, other, bare, proxy, ask, data } = await begun();
      let made = 1;
      const answers = new Set<number>();
      const several = async (at: SessionApp) => {
        for (let index = 0; index < 5; index++, made++) answers.add((await ask(at, increment)).status);
      };
      for (const [, line] of faults) {
        await proxy.set(line);
        await Promise.all([several(app), several(app), several(other)]);
        await proxy.set("passes");
        await several(app);
      }
      expect(answers).toEqual(new Set([200]));
      expect([made, await data(bare)]).toEqual([1 + 20 * faults.length, { a: made }]);
    });

    test("that is paused delays reads and changes only a little, and a log-out is answered 503", async () => {
      const { app, ask, data, isCached } = await begun();
      const goOn = await server.pause();
      try {
        expect(await data(app)).toEqual({ a: 1 });
        expect(await look(await ask(app, increment))).toEqual(fine);
        const out = await app.run(logOut, { client: app.client });
        expect(await look(out)).toEqual({ ...unavailable, cookies: cleared });
      } finally {
        goOn();
      }
      expect((await app.run(async (_store, session) => (await session()).set("b", 1))).status).toBe(200);
      await expect.poll(isCached, soon).toBe(false);
    });

    test("that was killed and comes back empty: no session ends, and no ended session comes back", async () => {
      const { app, other, ask, data, isCached } = await begun();
      const ended = other.browser();
      expect((await other.run(async (_store, session) => (await session()).set("a", 5), { client: ended })).status).toBe(200);
      const old = { cookie: `session=${ended.cookies.get("session")}` };
      // Until the cache has noted it in time, also when the process is busy.
      await expect.poll(async () => (await other.run(logOut, { headers: old, client: other.browser() })).status, soon).toBe(200);
      await server.kill();
      try {
        expect([await data(app), await data(other)]).toEqual([{ a: 1 }, { a: 1 }]);
        expect(await look(await ask(app, increment))).toEqual(fine);
        expect(await other.data({ headers: old, client: other.browser() })).toEqual({});
      } finally {
        await server.startAgain();
      }
      await expect.poll(isCached, soon).toBe(true);
      expect([await data(app), await data(other)]).toEqual([{ a: 2 }, { a: 2 }]);
      expect(await other.data({ headers: old, client: other.browser() })).toEqual({});
      await expect.poll(async () => (await ask(app, logOut)).status, soon).toBe(200);
      await expect.poll(() => data(other), soon).toEqual({});
    });
  });
});
