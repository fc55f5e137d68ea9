import { createHash } from "node:crypto";
import { RedisBackend, type RedisBackendOptions, type RedisLike } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, keyOf, recordFor } from "../../support/backends.ts";
import { redisClients } from "../../support/redis-clients.ts";
import { redisServer, sharedRedis } from "../../support/redis.ts";
import { need } from "../../support/skip.ts";

const redis = await sharedRedis();
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** What the backends are given. */
let given: RedisBackendOptions["client"];

/** A backend with a clock of its own, years away from that of Redis, and what is behind it. */
function open() {
  const { client, prefix: next } = redis!;
  const prefix = next();
  let time = 1_000_000_000_000;
  const now = () => time;
  const advance = (seconds: number) => void (time += seconds * 1000);
  const at = (milliseconds: number) => new RedisBackend({ client: given, prefix, now: () => time + milliseconds });
  const names = async () => (await client.keys(`${prefix}*`)).map((name) => name.slice(prefix.length)).toSorted();
  return { client, prefix, backend: at(0), now, advance, at, names, left: (name: string) => client.pTTL(prefix + name) };
}

const ownerSet = (owner: string) => `owner:${createHash("sha256").update(owner).digest("base64url")}`;

need(redisServer, redis).each(redisClients)("in Redis by $name", ({ connect }) => {
  beforeAll(async () => {
    given = (await connect(redis!.url)).client;
  });

  testSessionBackend("RedisBackend", open, { describe, test });

  describe("a session", () => {
    test("is one hash, of its version, data and times, and nothing is left of it when it was taken", async () => {
      const { client, prefix, backend, now, names } = open();
      const version = await backend.create(keyOf(0), { data: bytes("data"), idleAt: now() + 60_000, expiresAt: now() + 90_000.5 });
      expect(await names()).toEqual([keyOf(0)]);
      const stored = await client.hGetAll(prefix + keyOf(0));
      expect({ ...stored }).toEqual({ v: version, d: "data", i: "1000000060000", a: "1000000090000.5" });
      expect((await backend.read(keyOf(0)))?.expiresAt).toBe(now() + 90_000.5);
      await backend.take(keyOf(0));
      expect(await names()).toEqual([]);
    });

    test.each([
      ["create", { idle: 60, life: 3600 }, 60],
      ["create", { idle: 3600, life: 60 }, 60],
      ["create", { idle: -60, life: 3600 }, 0],
      ["create", { idle: Number.NaN, life: 3600 }, 0],
      ["create", { idle: 3600, life: -1 }, 0],
      ["swap", { idle: 120, life: 3600 }, 120],
      ["swap", { idle: 30, life: 3600 }, 30],
      ["touch", { idle: 300, life: 3600 }, 300],
      ["touch", { idle: 5000, life: 3600 }, 3600],
      ["touch", { idle: 10, life: 3600 }, 60],
    ])("is removed by Redis ten minutes after its end, which %s of %j sets", async (operation, { idle, life }, seconds) => {
      const { backend, now, left } = open();
      const record = { data: bytes("data"), idleAt: now() + idle * 1000, expiresAt: now() + life * 1000 };
      if (operation === "create") await backend.create(keyOf(0), record);
      const version = await backend.create(keyOf(operation), { ...recordFor(now(), 60), expiresAt: now() + 3_600_000 });
      if (operation === "swap") await backend.swap(keyOf("swap"), version!, record);
      if (operation === "touch") await backend.touch(keyOf("touch"), record.idleAt);
      const found = await left(operation === "create" ? keyOf(0) : keyOf(operation));
      expect(found).toBeGreaterThan(seconds * 1000 + 10 * minute - minute / 2);
      expect(found).toBeLessThanOrEqual(seconds * 1000 + 10 * minute);
    });

    test("without an end still gets an expiry time in Redis, the longest that Redis can have", async () => {
      const { backend, left } = open();
      const version = await backend.create(keyOf(0), { data: bytes("data"), idleAt: Infinity, expiresAt: Infinity });
      expect(await backend.read(keyOf(0))).toEqual({ data: bytes("data"), idleAt: Infinity, expiresAt: Infinity, version });
      expect(await left(keyOf(0))).toBeGreaterThan(1000 * 365 * day);
    });

    test.each([-5, 5])("lasts to its end for two processes whose clocks differ by %i minutes", async (minutes) => {
      const { at, left } = open();
      const [one, other] = [at(0), at(minutes * minute)];
      await one.create(keyOf(0), recordFor(1_000_000_000_000, 3600));
      await other.touch(keyOf(0), 1_000_000_000_000 + hour + 1);
      const version = (await other.read(keyOf(0)))!.version;
      await other.swap(keyOf(0), version, recordFor(1_000_000_000_000, 3600));
      // By the slower of the two clocks it has an hour to live, or an hour and five minutes.
      expect(await left(keyOf(0))).toBeGreaterThan(hour + Math.max(0, -minutes) * minute);
      expect(await other.read(keyOf(0))).toBeDefined();
    });

    test("that was taken and created again has another version", async () => {
      const { backend, now } = open();
      const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
      await backend.take(keyOf(0));
      await backend.create(keyOf(0), recordFor(now(), 60));
      expect((await backend.swap(keyOf(0), version, recordFor(now(), 60))).ok).toBe(false);
    });

    test("is written as it was at the time of the call, even if the array changes later", async () => {
      const { backend, now } = open();
      const record = recordFor(now(), 60, "first");
      const created = backend.create(keyOf(0), record);
      record.data.fill(0);
      await created;
      expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("first"));
    });

    test("has bytes of its own, not a view into the buffer of replies", async () => {
      const { backend, now } = open();
      await backend.create(keyOf(0), recordFor(now(), 60));
      expect((await backend.read(keyOf(0)))?.data.buffer.byteLength).toBe(4);
    });
  });

  describe("a value of another kind under a key", () => {
    const foreign: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
      ["a string", (key) => redis!.client.set(key, "x")],
      ["a list", (key) => redis!.client.rPush(key, "x")],
      ["a sorted set", (key) => redis!.client.zAdd(key, { score: 1, value: "x" })],
      ["a hash of other fields", (key) => redis!.client.hSet(key, { name: "x" })],
      ["a hash without data", (key) => redis!.client.hSet(key, { v: "1", i: "9e12", a: "9e12" })],
      ["a hash whose times are none", (key) => redis!.client.hSet(key, { v: "1", d: "", i: "soon", a: "9e12" })],
    ];
    test.each(foreign)("counts as missing: %s", async (_title, put) => {
      const { prefix, backend, now, names } = open();
      await put(prefix + keyOf(0));
      expect(await backend.read(keyOf(0))).toBeUndefined();
      expect(await backend.swap(keyOf(0), "1", recordFor(now(), 60))).toEqual({ ok: false, current: undefined });
      expect(await backend.touch(keyOf(0), now() + 1)).toBe(false);
      expect(await backend.take(keyOf(0))).toBeUndefined();
      expect(await names()).toEqual([]);
      await put(prefix + keyOf(0));
      expect(await backend.create(keyOf(0), recordFor(now(), 60))).toBeTypeOf("string");
      expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("data"));
    });

    test("counts as missing for an owner: no sessions, and epoch 0", async () => {
      const { client, prefix, backend } = open();
      const put = () => client.set(prefix + ownerSet("user:1"), "x");
      await put();
      expect([await backend.owners.keys("user:1"), await backend.owners.epoch("user:1")]).toEqual([[], 0]);
      await backend.owners.remove("user:1", keyOf(0));
      await backend.owners.add("user:1", keyOf(0));
      expect(await backend.owners.keys("user:1")).toEqual([keyOf(0)]);
      await put();
      expect(await backend.owners.bump("user:1")).toBe(1);
    });
  });

  describe("an owner", () => {
    test("is one sorted set under the hash of its name, which is removed when it is empty", async () => {
      const { client, prefix, backend, names } = open();
      await backend.owners.add("user:1", keyOf(0));
      await backend.owners.add("user:1", keyOf(1));
      await backend.owners.bump("user:1");
      expect(await names()).toEqual([ownerSet("user:1")]);
      expect(await client.zRange(prefix + ownerSet("user:1"), 0, -1)).toEqual(["e", `k${keyOf(0)}`, `k${keyOf(1)}`]);
      await backend.owners.add("user:2", keyOf(0));
      await backend.owners.remove("user:2", keyOf(0));
      expect(await names()).toEqual([ownerSet("user:1")]);
    });

    test("loses entries of ended sessions after an hour, when a new entry is added, and keeps the others", async () => {
      const { backend, now, advance } = open();
      for (const index of [0, 1, 2, 3, 4]) {
        await backend.owners.add("user:1", keyOf(index));
        if (index > 0) await backend.create(keyOf(index), recordFor(now(), 3600 * 24 * 10));
      }
      await backend.take(keyOf(1));
      advance(3599);
      await backend.owners.add("user:1", keyOf("late"));
      expect((await backend.owners.keys("user:1")).length).toBe(6);
      advance(1);
      await backend.owners.add("user:1", keyOf("later"));
      const left = [keyOf(2), keyOf(3), keyOf(4), keyOf("late"), keyOf("later")];
      expect((await backend.owners.keys("user:1")).toSorted()).toEqual(left.toSorted());
      await backend.take(keyOf(2));
      advance(3600 * 24);
      await backend.owners.add("user:1", keyOf("last"));
      expect(await backend.owners.keys("user:1")).not.toContain(keyOf(2));
    });

    test("who logs in again and again and never logs out has few entries", async () => {
      const { backend, advance } = open();
      for (let index = 0; index < 100; index++) {
        await backend.owners.add("user:1", keyOf(`k${index}x`));
        advance(600);
      }
      expect((await backend.owners.keys("user:1")).length).toBeLessThanOrEqual(10);
    });

    test("keeps the entry of a session that has ended by the clock of one process only", async () => {
      const { at, backend, now, advance } = open();
      await backend.owners.add("user:1", keyOf(0));
      await backend.create(keyOf(0), recordFor(now(), 3600));
      advance(3600 - 60);
      const ahead = at(5 * minute);
      expect(await ahead.read(keyOf(0))).toBeUndefined();
      await ahead.owners.add("user:1", keyOf(1));
      expect(await backend.read(keyOf(0))).toBeDefined();
      expect(await backend.owners.keys("user:1")).toContain(keyOf(0));
    });

    test("is kept for 30 days after the last use, and longer than its sessions", async () => {
      const { at, backend, now, left } = open();
      await backend.owners.add("user:1", keyOf(0));
      expect(await left(ownerSet("user:1"))).toBeGreaterThan(29 * day);
      expect(await left(ownerSet("user:1"))).toBeLessThanOrEqual(30 * day);
      await backend.create(keyOf(0), recordFor(now(), 3600 * 24 * 400));
      await backend.owners.epoch("user:1");
      expect(await left(ownerSet("user:1"))).toBeGreaterThan(400 * day);
      // A process that has not seen such a long life takes nothing away.
      await at(0).owners.add("user:1", keyOf(1));
      expect(await left(ownerSet("user:1"))).toBeGreaterThan(400 * day);
    });

    test.each([
      ["epoch", (backend: RedisBackend) => backend.owners.epoch("user:1")],
      ["bump", (backend: RedisBackend) => backend.owners.bump("user:1")],
      ["add", (backend: RedisBackend) => backend.owners.add("user:1", keyOf(0))],
    ])("is kept after every %s, so that no epoch is lost while a session is created", async (_name, use) => {
      const { client, prefix, backend, left } = open();
      await backend.owners.bump("user:1");
      await client.pExpire(prefix + ownerSet("user:1"), minute);
      await use(backend);
      expect(await left(ownerSet("user:1"))).toBeGreaterThan(29 * day);
    });
  });

  test("two backends of different prefixes share nothing", async () => {
    const [one, two] = [open(), open()];
    await one.backend.create(keyOf(0), recordFor(one.now(), 60));
    await one.backend.owners.bump("user:1");
    expect(await two.backend.read(keyOf(0))).toBeUndefined();
    expect(await two.backend.owners.epoch("user:1")).toBe(0);
  });

  test("the clock is the system's when none is given", async () => {
    const backend = new RedisBackend({ client: given, prefix: open().prefix });
    await backend.create(keyOf(0), recordFor(Date.now(), 60));
    await backend.create(keyOf(1), recordFor(Date.now(), -1));
    expect([await backend.read(keyOf(0)), await backend.read(keyOf(1))].map(Boolean)).toEqual([true, false]);
  });
});

need(redisServer, redis)("in Redis", () => {
  test("bytes survive under RESP 2, a type mapping and a key prefix of the client's own", async () => {
    const { prefix, now, names } = open();
    const other = createClient({ url: redis!.url, RESP: 2, keyPrefix: `${prefix}own:`, commandOptions: { typeMapping: { 58: String } } });
    other.on("error", () => {});
    await other.connect();
    afterAll(() => other.destroy());
    const backend = new RedisBackend({ client: other, now });
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    await backend.create(keyOf(0), { ...recordFor(now(), 60), data });
    expect((await backend.read(keyOf(0)))?.data).toEqual(data);
    expect(await backend.owners.bump("user:1")).toBe(1);
    expect(await names()).toEqual([`own:mini:session:${keyOf(0)}`, `own:mini:session:${ownerSet("user:1")}`]);
  });
});

test.each([undefined, null, "redis://localhost", {}, Promise.resolve(), { get: () => {} }])("%s is refused as a client", (given) => {
  expect(() => new RedisBackend({ client: given as unknown as RedisLike })).toThrow(TypeError);
  expect(() => new RedisBackend({ client: given as unknown as RedisLike })).toThrow(
    /^RedisBackend needs a connected client of createClient\(\) or createCluster\(\) of redis: new RedisBackend/,
  );
});
