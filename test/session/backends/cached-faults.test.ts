import { MemoryBackend } from "@mini/session";
import { CachedBackend } from "@mini/session/cached";
import { describe, expect, test } from "vitest";
import { decodeEntry, encodeEntry } from "../../../packages/session/src/backends/cached/entry.ts";
import { keyOf, recordFor } from "../../support/backends.ts";
import { MapCache } from "../../support/map-cache.ts";
import { watchRejections } from "../../support/outage-app.ts";
import { startOtherThread } from "../../support/other-thread.ts";
import { gate, sessionApp, setCookies } from "../../support/session-app.ts";
import { WatchedBackend } from "../../support/watched-backend.ts";

const start = 1_700_000_000_000;
/** Milliseconds; longer than a test may take, so that one that waits for it fails. */
const deadline = 600_000;

/** A backend, a cache before it, and what was made of both. */
function made({ ttl }: { readonly ttl?: number } = {}) {
  const now = () => start;
  const cache = new MapCache();
  const backend = new WatchedBackend(new MemoryBackend({ now }));
  return { cache, backend, cached: new CachedBackend({ backend, cache, now, ttl }) };
}

describe("an entry", () => {
  const record = { ...recordFor(start, 60), version: "v€" };

  test("comes back as it was", () => {
    const found = decodeEntry("key", encodeEntry("key", { record, askedAt: start }))!;
    expect(found.askedAt).toBe(start);
    expect({ ...found.record, data: [...found.record.data] }).toEqual({ ...record, data: [...record.data] });
  });

  test.each(["", "something else", "mini-c2\n", `mini-c2\n${"\0".repeat(56)}\xff\xff`])("%j counts as missing", (text) => {
    expect(decodeEntry("key", Buffer.from(text, "latin1"))).toBeUndefined();
  });

  test("that another program wrote counts as missing", async () => {
    const now = () => start;
    const cache = new MapCache();
    const backend = new CachedBackend({ backend: new MemoryBackend({ now }), cache, now });
    await backend.create(keyOf("a"), recordFor(start, 60));
    cache.entries.set(`mini:cached:${keyOf("a")}`, Buffer.from("PHP"));
    expect((await backend.read(keyOf("a")))?.data.length).toBe(4);
  });

  test("of another session counts as missing", async () => {
    const { cache, cached } = made();
    await cached.create(keyOf("a"), { ...recordFor(start, 60), data: Buffer.from("mine") });
    await cached.create(keyOf("b"), { ...recordFor(start, 60), data: Buffer.from("theirs") });
    cache.entries.set(`mini:cached:${keyOf("a")}`, cache.entries.get(`mini:cached:${keyOf("b")}`)!);
    expect(Buffer.from((await cached.read(keyOf("a")))!.data).toString()).toBe("mine");
  });

  test("that is damaged counts as missing", async () => {
    const { cache, cached } = made();
    await cached.create(keyOf("a"), { ...recordFor(start, 60), data: Buffer.from("mine") });
    const entry = cache.entries.get(`mini:cached:${keyOf("a")}`)!;
    entry[entry.length - 1]! ^= 1;
    expect(Buffer.from((await cached.read(keyOf("a")))!.data).toString()).toBe("mine");
  });
});

describe("the end of a session", () => {
  test("is final, even if it happens while the creation is written to the cache", async () => {
    const { cache, cached, backend } = made();
    const [reached, waiting] = [gate(), gate()];
    backend.after = () => {
      backend.after = () => undefined;
      cache.before = async () => {
        cache.before = () => undefined;
        reached.open();
        await waiting.opened;
      };
    };
    const creation = cached.create(keyOf("a"), recordFor(start, 60));
    await reached.opened;
    await cached.take(keyOf("a"));
    waiting.open();
    await creation;
    expect(await cached.read(keyOf("a"))).toBeUndefined();
  });

  test("is final, even when the cache drops the note of it early", async () => {
    const { cache, cached } = made();
    await cached.create(keyOf("a"), recordFor(start, 60));
    await cached.take(keyOf("a"));
    cache.entries.delete(`mini:ended:${keyOf("a")}`);
    expect(await cached.read(keyOf("a"))).toBeUndefined();
  });

  test("is noted for longer than an entry is used, in a cache that rounds seconds down", async () => {
    const { cache, cached } = made({ ttl: 30 });
    const told: number[] = [];
    const set = cache.set.bind(cache);
    cache.set = (key: string, value: Uint8Array, seconds?: number) => {
      if (key.startsWith("mini:ended:")) told.push(seconds!);
      return set(key, value);
    };
    await cached.take(keyOf("a"));
    expect(told).toEqual([31]);
  });
});

describe("sessions behind a cache", () => {
  /** An application on a backend and a cache, and a session that holds `{ theme: "light" }`. */
  async function begun() {
    const cache = new MapCache();
    const kept = new WatchedBackend(new MemoryBackend());
    const app = sessionApp({ backend: new CachedBackend({ backend: kept, cache }), now: Date.now, deadline });
    await app.run(async (_store, session) => (await session()).set("theme", "light"));
    return { ...app, cache, kept };
  }

  test.each([
    ["rejects", () => Promise.reject(new Error("down"))],
    ["says nothing", () => new Promise<void>(() => undefined)],
  ])("that %s keep their contents when they get a new id, and the log warns that the old id may still be seen", async (_title, down) => {
    const { run, data, cache, kept, logged } = await begun();
    cache.before = down;
    const response = await run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    expect(response.status).toBe(200);
    expect(setCookies(response)).toHaveLength(1);
    expect(await data()).toEqual({ theme: "light" });
    expect(logged).toContainEqual(
      expect.stringMatching(/^Cannot end the old id of a session everywhere: the session was removed, but the cache/),
    );
    expect(await kept.owners!.keys("user:1")).toHaveLength(1);
  });

  test("that is down belong to their owner under the new id only", async () => {
    const { run, settle, cache, kept } = await begun();
    const logIn = async () => (await run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }))).status;
    expect(await logIn()).toBe(200);
    cache.before = () => Promise.reject(new Error("down"));
    await settle();
    kept.counted();
    expect(await logIn()).toBe(200);
    await settle();
    expect(kept.counted()).toContain("owners.remove");
    expect(await kept.owners.keys("user:1")).toHaveLength(1);
  });

  test("that is down are answered 503 when they end, and are removed from the backend", async () => {
    const { run, cache, kept } = await begun();
    cache.before = () => Promise.reject(new Error("down"));
    await run(async (_store, session) => (await session()).regenerate({ owner: "user:1" }));
    const [key] = await kept.owners.keys("user:1");
    expect(await kept.read(key!)).toBeDefined();
    expect((await run((store) => store.deleteSession())).status).toBe(503);
    expect(await kept.read(key!)).toBeUndefined();
  });

  test("save a value that is equal to the one in the cache, because the backend may have another", async () => {
    const { run, data, client, kept } = await begun();
    const cookie = `session=${client.cookies.get("session")}`;
    const other = sessionApp({ backend: kept, now: Date.now, deadline });
    await other.run(async (_store, session) => (await session()).set("theme", "dark"), { headers: { cookie } });
    expect(await data()).toEqual({ theme: "light" });
    kept.counted();
    expect((await run(async (_store, session) => (await session()).set("theme", "light"))).status).toBe(200);
    expect(kept.counted()).toEqual(["swap", "swap"]);
    expect(await other.data({ headers: { cookie } })).toEqual({ theme: "light" });
    // Here the cache has what is kept.
    await run(async (_store, session) => (await session()).set("theme", "light"));
    expect(kept.counted()).toEqual(["read", "swap"]);
    await run(async (_store, session) => (await session()).get("theme"));
    expect(kept.counted()).toEqual([]);
  });
});

describe("a cache", () => {
  watchRejections();

  test("that rejects with a string, as memjs does, counts as down", async () => {
    const { cache, cached } = made();
    await cached.create(keyOf("a"), recordFor(start, 60));
    cache.before = () => Promise.reject("Memcached server authentication failed!");
    expect((await cached.read(keyOf("a")))?.data.length).toBe(4);
  });

  test("that returns null for what it does not have is used", async () => {
    const { cache, backend, cached } = made();
    const stored = cache.get.bind(cache);
    cache.get = async (key) => (await stored(key)) ?? (null as never);
    await cached.create(keyOf("a"), recordFor(start, 60));
    cache.entries.clear();
    expect((await cached.read(keyOf("a")))?.data.length).toBe(4);
    backend.counted();
    expect((await cached.read(keyOf("a")))?.data.length).toBe(4);
    expect(backend.counted()).toEqual([]);
  });

  test("whose second call throws while the first one is rejected does not end the process", async () => {
    const { cache, cached } = made();
    await cached.create(keyOf("a"), recordFor(start, 60));
    let calls = 0;
    cache.get = () => {
      if (++calls % 2 === 0) throw new Error("no connection");
      return Promise.reject(new Error("no connection"));
    };
    expect((await cached.read(keyOf("a")))?.data.length).toBe(4);
  });

  test("before a backend that returns null for a missing record is used as before, and forgets an ended session", async () => {
    const { cache, backend, cached } = made();
    const [read, swap] = [backend.read.bind(backend), backend.swap.bind(backend)];
    backend.read = async (key) => (await read(key)) ?? (null as never);
    backend.swap = async (...change) => {
      const result = await swap(...change);
      return result.ok ? result : { ok: false, current: result.current ?? (null as never) };
    };
    const version = (await cached.create(keyOf("a"), recordFor(start, 60)))!;
    await backend.take(keyOf("a"));
    expect(await cached.swap(keyOf("a"), version, recordFor(start, 60))).toMatchObject({ ok: false });
    expect([...cache.entries.keys()]).toEqual([]);
    expect(await cached.read(keyOf("a"))).toBe(undefined);
    await cached.create(keyOf("b"), recordFor(start, 60));
    expect([...cache.entries.keys()]).toEqual([`mini:cached:${keyOf("b")}`]);
  });

  test("that has answered while the process was busy is used", async () => {
    const { cache, cached, backend } = made();
    await cached.create(keyOf("a"), recordFor(start, 60));
    backend.counted();
    const other = await startOtherThread();
    cache.before = () => other.ask();
    // So that timers come next, before answers are looked at.
    await new Promise(setImmediate);
    const found = cached.read(keyOf("a"));
    other.beBusy(150);
    expect((await found)?.data.length).toBe(4);
    expect(backend.counted()).toEqual([]);
  });
});
