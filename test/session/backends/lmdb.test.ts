import { LmdbBackend, type LmdbDatabaseOptions } from "@mini/session/lmdb";
import { testSessionBackend } from "@mini/session/testing";
import { open as openLmdb } from "lmdb";
import { afterAll, describe, expect, test } from "vitest";
import { bytes, callsWith, keyOf, recordFor } from "../../support/backends.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { gate } from "../../support/session-app.ts";

// One file for the whole contract: each test has a database of its own in it.
const root = openLmdb({ path: temporaryFolder(), maxDbs: 500, overlappingSync: false });
afterAll(() => root.close());
let databases = 0;

function open() {
  const name = `sessions ${++databases}`;
  let time = 1_000_000_000_000;
  const now = () => time;
  return { name, backend: new LmdbBackend({ root, name, now }), now, advance: (seconds: number) => void (time += seconds * 1000) };
}

testSessionBackend("LmdbBackend", open, { describe, test });

/** The database behind a backend, as somebody sees it who reads the file. */
function behind(name: string) {
  const database = root.openDB<Uint8Array, Uint8Array>({ name, encoding: "binary", keyEncoding: "binary" });
  const entries = () => [...database.getRange()].map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
  return { database, entries, kinds: () => entries().map(({ key }) => key.toString("latin1", 0, 1)) };
}

describe("the file of LmdbBackend", () => {
  test("is empty again when every session was taken or pruned, except for owners' epochs", async () => {
    const { name, backend, now, advance } = open();
    for (const index of [0, 1, 2]) {
      await backend.owners.add("user:1", keyOf(index));
      await backend.create(keyOf(index), recordFor(now(), 60));
    }
    await backend.owners.bump("user:1");
    await backend.take(keyOf(0));
    await backend.touch(keyOf(1), now() + 90_000);
    advance(3600);
    expect(await backend.prune(10)).toBe(2);
    expect(behind(name).kinds()).toEqual(["e"]);
  });

  test("has nothing more of a session that was taken, nor of an owner's entry that was removed", async () => {
    const { name, backend, now } = open();
    await backend.create(keyOf(0), recordFor(now(), 60));
    await backend.owners.add("user:1", keyOf(0));
    await backend.owners.remove("user:1", keyOf(0));
    expect(behind(name).kinds()).toEqual(["r", "x"]);
    await backend.take(keyOf(0));
    expect(behind(name).kinds()).toEqual([]);
  });

  test("keeps no session whose end is not a time", async () => {
    const { name, backend, now } = open();
    await backend.create(keyOf(0), { ...recordFor(now(), 60), idleAt: Number.NaN });
    await backend.create(keyOf(1), { ...recordFor(now(), 60), expiresAt: -1 });
    expect(await backend.read(keyOf(0))).toBeUndefined();
    expect(await backend.prune(10)).toBe(2);
    expect(behind(name).kinds()).toEqual([]);
  });

  test("removes an owner's entry without a session after an hour", async () => {
    const { name, backend, advance } = open();
    await backend.owners.add("user:1", keyOf(0));
    advance(3599);
    await backend.prune(10);
    expect(await backend.owners.keys("user:1")).toEqual([keyOf(0)]);
    advance(1);
    expect(await backend.prune(10)).toBe(0);
    expect(behind(name).entries()).toEqual([]);
  });

  test("has one entry for prune per session, however often it was changed", async () => {
    const { name, backend, now } = open();
    let version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    for (const seconds of [120, 30, 30]) {
      const result = await backend.swap(keyOf(0), version, recordFor(now(), seconds));
      if (result.ok) ({ version } = result);
      await backend.touch(keyOf(0), now() + 1000 * (seconds + 1));
    }
    expect(behind(name).kinds()).toEqual(["r", "x"]);
  });

  test("contains no owner in plain text", async () => {
    const { name, backend, now } = open();
    await backend.owners.add("somebody@example.com", keyOf(0));
    await backend.owners.bump("somebody@example.com");
    await backend.create(keyOf(0), recordFor(now(), 60));
    expect(behind(name).kinds()).toEqual(["e", "k", "o", "r", "x", "x"]);
    const all = Buffer.concat(
      behind(name)
        .entries()
        .flatMap(({ key, value }) => [key, value]),
    );
    expect(all.includes("somebody")).toBe(false);
  });

  test("is pruned in several transactions, and of no more sessions than the limit", async () => {
    const { backend, now, advance } = open();
    await Promise.all(Array.from({ length: 250 }, (_, index) => backend.create(keyOf(index), recordFor(now(), 60))));
    advance(60);
    expect(await backend.prune(120)).toBe(120);
    expect(await backend.prune(1000)).toBe(130);
  });
});

describe("a value that LmdbBackend did not write", () => {
  const own = async () => {
    const bench = open();
    await bench.backend.create(keyOf(0), recordFor(bench.now(), 60));
    const { database, entries } = behind(bench.name);
    const [record] = entries();
    return { ...bench, database, key: record!.key, value: record!.value };
  };
  const damages: readonly (readonly [title: string, damage: (value: Buffer) => Buffer])[] = [
    ["no bytes", () => Buffer.alloc(0)],
    ["some text", () => Buffer.from("{}")],
    ["bytes of the same length", (value) => Buffer.alloc(value.length, 0xa5)],
    ["another form of record", (value) => Buffer.concat([Buffer.from("mini-s2\n"), value.subarray(8)])],
    ["a record that lost its last byte", (value) => value.subarray(0, -1)],
    ["a record that has a byte more", (value) => Buffer.concat([value, Buffer.from("x")])],
    ["a record without its data", (value) => value.subarray(0, -4)],
    ["the first bytes of a record", (value) => value.subarray(0, 20)],
    ["a record whose times are no numbers", (value) => Buffer.from(value).fill(0xff, 20, 36)],
  ];

  test.each(damages)("is not a session: %s", async (_title, damage) => {
    const { backend, now, database, key, value } = await own();
    await database.put(key, damage(value));
    expect(await backend.read(keyOf(0))).toBeUndefined();
    expect(await backend.swap(keyOf(0), "1", recordFor(now(), 60))).toEqual({ ok: false, current: undefined });
    expect(await backend.touch(keyOf(0), now() + 90_000)).toBe(false);
    expect(await backend.create(keyOf(0), recordFor(now(), 60, "new"))).toBeTypeOf("string");
    expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("new"));
    await database.put(key, damage(value));
    expect(await backend.take(keyOf(0))).toBeUndefined();
    expect(database.get(key)).toBeUndefined();
  });

  test("is removed by prune like a session", async () => {
    const { name, backend, advance, database, key } = await own();
    await database.put(key, Buffer.from("{}"));
    advance(60);
    expect(await backend.prune(10)).toBe(1);
    expect(behind(name).entries()).toEqual([]);
  });

  test("is an epoch of 0 where an epoch should be", async () => {
    const { name, backend } = open();
    await backend.owners.bump("user:1");
    const [epoch] = behind(name).entries();
    await behind(name).database.put(epoch!.key, Buffer.from("many"));
    expect(await backend.owners.epoch("user:1")).toBe(0);
    expect(await backend.owners.bump("user:1")).toBe(1);
  });
});

test("a version never fits a session that came after it under the same key", async () => {
  const { backend, now } = open();
  const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
  await backend.take(keyOf(0));
  await backend.create(keyOf(0), recordFor(now(), 60));
  expect((await backend.swap(keyOf(0), version, recordFor(now(), 60))).ok).toBe(false);
});

test("a key that LMDB could not take is refused by every operation, and nothing is written", async () => {
  const { name, backend, now } = open();
  const key = "ü".repeat(513);
  for (const call of callsWith(backend, key, now()))
    await expect(call()).rejects.toThrow(/^The key of a session has 1026 bytes; LmdbBackend takes 1024 at most\.$/);
  expect(behind(name).entries()).toEqual([]);
  expect(await backend.create("k".repeat(1024), recordFor(now(), 60))).toBeTypeOf("string");
});

test("two backends with different names share nothing", async () => {
  const [one, two] = [open(), open()];
  await one.backend.create(keyOf(0), recordFor(one.now(), 60));
  expect(await two.backend.read(keyOf(0))).toBeUndefined();
});

test("by default the database has its own name and the clock is that of the system", async () => {
  const backend = new LmdbBackend({ root });
  await backend.create(keyOf(0), recordFor(Date.now(), 60));
  await backend.create(keyOf(1), recordFor(Date.now(), -1));
  expect([await backend.read(keyOf(0)), await backend.read(keyOf(1))].map(Boolean)).toEqual([true, false]);
  expect(behind("sessions").kinds()).toEqual(["r", "r", "x", "x"]);
});

test("close waits for the writes under way, and leaves the root to its owner", async () => {
  const { name, backend, now } = open();
  const done: string[] = [];
  const writes = [0, 1, 2].map(async (index) => {
    await backend.create(keyOf(index), recordFor(now(), 60));
    done.push("created");
  });
  await backend.close();
  expect(done).toEqual(["created", "created", "created"]);
  await Promise.all(writes);
  expect(behind(name).kinds()).toEqual(["r", "r", "r", "x", "x", "x"]);
});

test("a root without room for one more database is refused when the backend is made", async () => {
  const small = openLmdb({ path: temporaryFolder(), maxDbs: 1, overlappingSync: false });
  new LmdbBackend({ root: small });
  expect(() => new LmdbBackend({ root: small, name: "one more" })).toThrow(/MDB_DBS_FULL/);
  await small.close();
});

test.each([undefined, null, "data/sessions", {}, Promise.resolve()])(
  "%s is refused as a root, and the message says what is needed",
  (given) => {
    expect(() => new LmdbBackend({ root: given as never })).toThrow(
      "LmdbBackend needs the root that lmdb's open() returns: new LmdbBackend({ root: open({ path, overlappingSync: false }) }).",
    );
  },
);

test("a root with overlappingSync, which is lmdb's default, is refused: it can lose confirmed changes", async () => {
  const overlapping = openLmdb({ path: temporaryFolder() });
  expect(() => new LmdbBackend({ root: overlapping })).toThrow(
    "LmdbBackend needs a root without lmdb's overlappingSync, which can lose confirmed changes when the file is opened again: open({ path, overlappingSync: false }).",
  );
  await overlapping.close();
});

test("an error of lmdb within a write rejects the call, and nothing of the write is kept", async () => {
  const { name } = open();
  const full = Object.assign(new Error("MDB_TXN_FULL: no more room"), { code: -30788 });
  let puts = 0;
  const broken = Object.create(root, {
    openDB: {
      value: (options: LmdbDatabaseOptions) => {
        const database = root.openDB<Uint8Array, Uint8Array>({ ...options, name });
        const put = (key: Uint8Array, value: Uint8Array) => {
          if (++puts === 2) throw full;
          return database.put(key, value);
        };
        return Object.create(database, { put: { value: put } }) as typeof database;
      },
    },
  }) as typeof root;
  const backend = new LmdbBackend({ root: broken });
  await expect(backend.create(keyOf(0), recordFor(Date.now(), 60))).rejects.toBe(full);
  expect(puts).toBe(2);
  expect(behind(name).entries()).toEqual([]);
});

test("a write waits for a transaction of the program that is still open, so that it is not undone with that", async () => {
  const { backend, now } = open();
  const opened = gate();
  const undone = root.transactionSync(async () => {
    await opened.opened;
    throw new Error("It is undone.");
  });
  const making = backend.create(keyOf(0), recordFor(now(), 60));
  await new Promise(setImmediate);
  opened.open();
  await expect(undone).rejects.toThrow("It is undone.");
  expect(await making).toBeTypeOf("string");
  expect(await backend.read(keyOf(0))).toBeDefined();
});
