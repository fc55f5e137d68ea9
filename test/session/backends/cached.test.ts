import { randomBytes } from "node:crypto";
import { MemoryBackend, type SessionBackend } from "@mini/session";
import { CachedBackend, MemcachedCache, RedisCache, type SessionCache } from "@mini/session/cached";
import { RedisBackend } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bytes, keyOf, recordFor } from "../../support/backends.ts";
import { MapCache } from "../../support/map-cache.ts";
import { findMemcached, memcachedClient, memcachedServer, sharedMemcached, startMemcached } from "../../support/memcached-server.ts";
import { redisServer, sharedRedis } from "../../support/redis.ts";
import { gate, sessionApp, setCookies } from "../../support/session-app.ts";
import { need } from "../../support/skip.ts";
import { WatchedBackend } from "../../support/watched-backend.ts";
import { patience } from "../../support/within.ts";

const start = 1_700_000_000_000;
const all256 = Array.from({ length: 256 }, (_, i) => i);

const memcached = await sharedMemcached();
const redis = await sharedRedis();
const client = memcached === undefined ? undefined : memcachedClient(memcached);

testSessionBackend(
  "CachedBackend over a Map",
  () => {
    let time = start;
    const now = () => time;
    return {
      backend: new CachedBackend({ backend: new MemoryBackend({ now }), cache: new MapCache(), now }),
      now,
      advance: (seconds) => void (time += seconds * 1000),
    };
  },
  { describe, test },
);

need(memcachedServer, client)("CachedBackend over memcached", () => {
  testSessionBackend(
    "as a backend",
    () => {
      let time = start;
      const now = () => time;
      // One cache for all of the tests, as in life: the keys of each are its own.
      const backend = new CachedBackend({
        backend: new MemoryBackend({ now }),
        cache: apart(new MemcachedCache({ client: client! })),
        timeout: patience,
        now,
      });
      return { backend, now, advance: (seconds) => void (time += seconds * 1000) };
    },
    { describe, test },
  );

  test("all 256 bytes come back, and a missing key gives undefined", async () => {
    expect(await keep(apart(new MemcachedCache({ client: client! })))).toEqual([all256, undefined]);
  });
});

need("memcached, to start and to end", findMemcached())("A memcached that goes away", () => {
  test("fails a log-out only; sessions that have not ended are read without the cache", async () => {
    const own = await startMemcached();
    const now = () => start;
    const cache = new MemcachedCache({ client: memcachedClient(own.address) });
    const app = sessionApp({ backend: new CachedBackend({ backend: new MemoryBackend({ now }), cache, now }), now });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    await app.run(async (store) => (await store.getSession("second")).set("b" as never, 2 as never));
    await own.kill();
    expect(await app.data()).toEqual({ a: 1 });
    await app.run(async (_store, session) => (await session()).set("a", 2));
    expect(await app.data()).toEqual({ a: 2 });
    const out = await app.run((store) => store.deleteSession());
    expect([out.status, setCookies(out)]).toEqual([503, [expect.stringContaining("Max-Age=0")]]);
  });
});

need(redisServer, redis)("RedisCache", () => {
  test("all 256 bytes come back, and a missing key gives undefined", async () => {
    expect(await keep(apart(new RedisCache({ client: redis!.client })))).toEqual([all256, undefined]);
  });

  test("that also keeps sessions does not change them, because their keys have other names", async () => {
    const kept = new RedisBackend({ client: redis!.client });
    const backend = new CachedBackend({ backend: kept, cache: new RedisCache({ client: redis!.client }), timeout: patience });
    const key = randomBytes(32).toString("base64url");
    const version = await backend.create(key, recordFor(Date.now(), 60));
    expect((await kept.read(key))?.version).toBe(version);
    await backend.read(key);
    expect((await backend.take(key))?.version).toBe(version);
  });
});

/** What a cache has of all bytes after others were added beside them, and after they were deleted, twice. */
async function keep(cache: SessionCache): Promise<readonly [kept: readonly number[], deleted: unknown]> {
  await cache.set("bytes", Uint8Array.from(all256), 30);
  await cache.add("bytes", Uint8Array.of(1), 30);
  const kept = [...(await cache.get("bytes"))!];
  await cache.delete("bytes");
  await cache.delete("bytes");
  return [kept, await cache.get("bytes")];
}

let apartCount = 0;
/** The same cache with keys that nobody else has. */
function apart(cache: SessionCache): SessionCache {
  const prefix = `${process.pid}-${apartCount++}-`;
  return {
    get: (key) => cache.get(prefix + key),
    set: (key, value, seconds) => cache.set(prefix + key, value, seconds),
    add: (key, value, seconds) => cache.add(prefix + key, value, seconds),
    delete: (key) => cache.delete(prefix + key),
  };
}

/** Two processes on one backend and one cache. */
function twoProcesses() {
  let time = start;
  const now = () => time;
  const backend = new WatchedBackend(new MemoryBackend({ now }));
  const cache = new MapCache();
  const make = () => sessionApp({ backend: new CachedBackend({ backend, cache, now }) as SessionBackend, deadline: 500, now });
  return { one: make(), two: make(), backend, cache, pass: (seconds: number) => void (time += seconds * 1000) };
}

describe("a session behind a cache", () => {
  async function begun() {
    const both = twoProcesses();
    await both.one.run(async (_store, session) => (await session()).assign({ a: 1 }));
    const headers = { cookie: `session=${both.one.client.cookies.get("session")}` };
    await both.one.data({ headers });
    both.backend.counted();
    return { ...both, headers };
  }

  test("is read from the backend once", async () => {
    const { one, two, backend, headers } = await begun();
    expect([await one.data({ headers }), await two.data({ headers })]).toEqual([{ a: 1 }, { a: 1 }]);
    expect(backend.counted()).toEqual([]);
  });

  test("is read again when ttl is over", async () => {
    const { one, backend, headers, pass } = await begun();
    pass(29);
    await one.data({ headers });
    expect(backend.counted()).toEqual([]);
    pass(1);
    await one.data({ headers });
    expect(backend.counted()).toEqual(["read"]);
  });

  test("that is old in the cache loses no change of another process", async () => {
    const { one, two, cache, headers } = await begun();
    const stale = new Map(cache.entries);
    await two.run(async (_store, session) => void (await session()).increment("a"), { headers });
    for (const [key, value] of stale) cache.entries.set(key, value);
    await one.run(async (_store, session) => void (await session()).increment("a"), { headers });
    expect(await one.data({ headers })).toEqual({ a: 3 });
  });

  test("that is old in the cache does not show a message twice", async () => {
    const { one, two, cache, headers } = await begun();
    await one.run(async (_store, session) => (await session()).flash("once"), { headers });
    const stale = new Map(cache.entries);
    const take = (app: typeof one) => {
      let found = 0;
      return app
        .run(async (_store, session) => void (found = (await (await session()).getFlashes()).length), { headers })
        .then(() => found);
    };
    expect(await take(two)).toBe(1);
    for (const [key, value] of stale) cache.entries.set(key, value);
    expect(await take(one)).toBe(0);
  });

  test("that has ended stays ended, whatever a slow reader or writer puts into the cache afterwards", async () => {
    for (const held of ["add", "set"]) {
      const { one, two, cache, headers } = await begun();
      for (const key of cache.entries.keys()) cache.entries.delete(key);
      const waiting = gate();
      const reached = gate();
      cache.before = async (name) => {
        if (name !== held) return;
        cache.before = () => undefined;
        reached.open();
        await waiting.opened;
      };
      const slow = one.run(
        async (_store, session) => {
          const all = await session();
          if (held === "set") all.set("late", 1);
        },
        { headers },
      );
      await reached.opened;
      expect((await two.run((store) => store.deleteSession(), { headers })).status).toBe(200);
      waiting.open();
      expect((await slow).status).toBe(200);
      expect([await one.data({ headers }), await two.data({ headers })], held).toEqual([{}, {}]);
    }
  });

  test("whose end cannot be noted: 503 and a cleared cookie, and the end can be tried again", async () => {
    const { one, cache, headers } = await begun();
    cache.before = (name, key) => {
      if (name === "set" && key.startsWith("mini:ended:")) throw new Error("out of memory");
    };
    const failed = await one.run((store) => store.deleteSession(), { headers });
    expect([failed.status, setCookies(failed)]).toEqual([503, [expect.stringContaining("Max-Age=0")]]);
    cache.before = () => undefined;
    expect((await one.run((store) => store.deleteSession(), { headers })).status).toBe(200);
    expect(await one.data({ headers })).toEqual({});
  });

  test.each([
    ["rejects", () => Promise.reject(new Error("no"))],
    ["hangs", () => new Promise<never>(() => {})],
  ])("works when the cache %s, and does not use the cache for some time", async (_title, fail) => {
    const { one, backend, cache, headers } = await begun();
    // However long the test takes, that time is not over.
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now());
    onTestFinished(() => clock.mockRestore());
    let asked = 0;
    cache.before = () => {
      asked++;
      return fail();
    };
    await one.run(async (_store, session) => void (await session()).increment("a"), { headers });
    expect(await one.data({ headers })).toEqual({ a: 2 });
    expect(backend.counted()).toEqual(["read", "swap", "read"]);
    expect(asked).toBe(2);
  });

  test("moves its idle time, and the cache does not count it as idle", async () => {
    let time = start;
    const now = () => time;
    const backend = new CachedBackend({ backend: new MemoryBackend({ now }), cache: new MapCache(), now });
    const app = sessionApp({ backend, idleTimeout: 20, now });
    await app.run(async (_store, session) => (await session()).set("a", 1));
    for (let i = 0; i < 4; i++) {
      time += 15_000;
      expect(await app.data()).toEqual({ a: 1 });
      await app.settle();
    }
    time += 21_000;
    expect(await app.data()).toEqual({});
  });
});

test.each([0, 1.5, -1, Number.NaN, "30", 86_401])("a ttl of %s is refused", (ttl) => {
  expect(() => new CachedBackend({ backend: new MemoryBackend(), cache: new MapCache(), ttl: ttl as number })).toThrow(
    "whole seconds from 1 to 86400",
  );
});

test.each([0, -1, 0.5, Number.NaN, Infinity, "100"])("a timeout of %s ms is refused", (timeout) => {
  expect(() => new CachedBackend({ backend: new MemoryBackend(), cache: new MapCache(), timeout: timeout as number })).toThrow(
    new RangeError(`The timeout of a CachedBackend must be a whole number of milliseconds from 1, not ${timeout}.`),
  );
});

test("a read goes to the backend when the cache does not answer within the timeout", async () => {
  const cache = new MapCache();
  const backend = new MemoryBackend();
  await backend.create(keyOf(0), recordFor(Date.now(), 60));
  cache.get = () => new Promise(() => {});
  expect((await new CachedBackend({ backend, cache, timeout: 1 }).read(keyOf(0)))?.data).toEqual(bytes("data"));
});
