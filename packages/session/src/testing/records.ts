import assert from "node:assert/strict";
import { assertGone, assertRecord, create, keyOf, newRecord, swap, textOf, type Check } from "./bench.ts";

const key = keyOf("one");

/** What each operation does when no other runs at the same time. */
export const recordChecks: readonly Check[] = [
  [
    "an unknown key has no record, and no operation but create makes one",
    async (bench) => {
      await assertGone(bench, key, "1");
    },
  ],
  [
    "create stores the record and returns its version",
    async (bench) => {
      const record = newRecord(bench, "first", { idle: 60, life: 3600 });
      const version = await create(bench, key, record);
      assertRecord(await bench.backend.read(key), version, record);
    },
  ],
  [
    "create under a key that exists returns undefined and keeps the first record",
    async (bench) => {
      const record = newRecord(bench, "first");
      const version = await create(bench, key, record);
      assert.equal(await bench.backend.create(key, newRecord(bench, "second", { life: 7200 })), undefined);
      assertRecord(await bench.backend.read(key), version, record);
    },
  ],
  [
    "records under different keys are independent",
    async (bench) => {
      const other = keyOf("two");
      const record = newRecord(bench, "other");
      const version = await create(bench, other, record);
      await swap(bench, key, await create(bench, key, newRecord(bench, "one")), newRecord(bench, "two"));
      await bench.backend.touch(key, bench.now() + 7_200_000);
      await bench.backend.take(key);
      assertRecord(await bench.backend.read(other), version, record);
    },
  ],
  [
    "swap replaces the whole record and returns a new version",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first", { idle: 60 }));
      const record = newRecord(bench, "second", { idle: 120, life: 240 });
      const next = await swap(bench, key, version, record);
      assert.notEqual(next, version);
      assertRecord(await bench.backend.read(key), next, record);
    },
  ],
  [
    "every swap returns a version that no write has had before, even for the same data",
    async (bench) => {
      const versions = [await create(bench, key, newRecord(bench, "a"))];
      for (const text of ["a", "b", "a", "a", "b"]) versions.push(await swap(bench, key, versions.at(-1)!, newRecord(bench, text)));
      assert.equal(new Set(versions).size, versions.length);
    },
  ],
  [
    "swap with an older version changes nothing and returns the newest record",
    async (bench) => {
      const old = await create(bench, key, newRecord(bench, "first"));
      const record = newRecord(bench, "second", { idle: 60, life: 120 });
      const version = await swap(bench, key, old, record);
      const result = await bench.backend.swap(key, old, newRecord(bench, "third"));
      assert.equal(result.ok, false);
      if (!result.ok) assertRecord(result.current, version, record);
      assertRecord(await bench.backend.read(key), version, record);
    },
  ],
  [
    "touch only moves idleAt forward",
    async (bench) => {
      const record = newRecord(bench, "first", { idle: 60 });
      const version = await create(bench, key, record);
      const idleAt = record.idleAt + 30_000;
      assert.equal(await bench.backend.touch(key, idleAt), true);
      assertRecord(await bench.backend.read(key), version, { ...record, idleAt });
    },
  ],
  [
    "touch never moves idleAt back",
    async (bench) => {
      const record = newRecord(bench, "first", { idle: 60 });
      const version = await create(bench, key, record);
      for (const idleAt of [record.idleAt - 30_000, record.idleAt, 0]) assert.equal(await bench.backend.touch(key, idleAt), true);
      assertRecord(await bench.backend.read(key), version, record);
    },
  ],
  [
    "a swap succeeds after a touch, which does not change the version",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first", { idle: 60 }));
      await bench.backend.touch(key, bench.now() + 90_000);
      const record = newRecord(bench, "second", { idle: 120 });
      const next = await swap(bench, key, version, record);
      assertRecord(await bench.backend.read(key), next, record);
    },
  ],
  [
    "take returns the record and removes it",
    async (bench) => {
      const record = newRecord(bench, "first", { idle: 60 });
      const version = await create(bench, key, record);
      assertRecord(await bench.backend.take(key), version, record);
      assert.equal(await bench.backend.read(key), undefined);
    },
  ],
  [
    "taking a record twice is not an error, and returns undefined the second time",
    async (bench) => {
      await create(bench, key, newRecord(bench, "first"));
      await bench.backend.take(key);
      assert.equal(await bench.backend.take(key), undefined);
    },
  ],
  [
    "neither swap nor touch brings back a record that take removed",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first"));
      await bench.backend.take(key);
      await assertGone(bench, key, version);
    },
  ],
  [
    "all, if it exists, yields every live record with its key, and count, if it exists, their number",
    async (bench) => {
      const { backend } = bench;
      assert.equal((await backend.count?.()) ?? 0, 0);
      const expected = new Map<string, string>();
      for (let index = 0; index < 250; index++) {
        const key = keyOf(`k${index}x`);
        const version = await create(bench, key, newRecord(bench, `text ${index}`, index % 50 === 7 ? { idle: 60, life: 3600 } : {}));
        if (index % 50 === 8) await backend.take(key);
        else if (index % 50 === 9) await swap(bench, key, version, newRecord(bench, `changed ${index}`));
        if (index % 50 !== 7 && index % 50 !== 8) expected.set(key, index % 50 === 9 ? `changed ${index}` : `text ${index}`);
      }
      await backend.owners?.add("user:1", keyOf("k1x"));
      await backend.touch(keyOf("k2x"), bench.now() + 7_000_000);
      await bench.advance(60);
      if (backend.count !== undefined) assert.equal(await backend.count(), expected.size);
      if (backend.all === undefined) return;
      const found = new Map<string, string | undefined>();
      for await (const [key, { data, version, idleAt, expiresAt }] of backend.all()) {
        found.set(key, textOf(data));
        // Checks a changed and a touched record, among others: each must be as `read` returns it.
        if (found.size % 25 !== 1 && key !== keyOf("k2x") && key !== keyOf("k9x")) continue;
        const read = await backend.read(key);
        assert.deepEqual({ version, idleAt, expiresAt }, { version: read?.version, idleAt: read?.idleAt, expiresAt: read?.expiresAt });
      }
      assert.deepEqual(found, expected);
    },
  ],
  [
    "the iteration of all can be stopped early",
    async (bench) => {
      const { backend } = bench;
      for (let index = 0; index < 3; index++) await create(bench, keyOf(`k${index}x`), newRecord(bench, "first"));
      if (backend.all === undefined) return;
      for await (const [, record] of backend.all()) {
        assert.equal(textOf(record.data), "first");
        break;
      }
      await create(bench, keyOf("k4x"), newRecord(bench, "after"));
    },
  ],
  [
    "a key that was taken can be used again",
    async (bench) => {
      await create(bench, key, newRecord(bench, "first"));
      await bench.backend.take(key);
      await create(bench, key, newRecord(bench, "second"));
      assert.equal(textOf((await bench.backend.read(key))?.data), "second");
    },
  ],
];
