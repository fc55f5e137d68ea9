import assert from "node:assert/strict";
import { assertGone, assertRecord, create, keyOf, newRecord, textOf, type BackendBench, type Check } from "./bench.ts";

const key = keyOf("one");
const times = <Result>(count: number, make: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

/** Adds 1 to the number in the record, like a request that tries again when one of `count` others was faster. */
async function increment(bench: BackendBench, count: number): Promise<void> {
  let current = await bench.backend.read(key);
  for (let attempt = 0; attempt < count; attempt++) {
    assert.ok(current, "the record is there");
    const next = newRecord(bench, String(Number(textOf(current.data)) + 1));
    const result = await bench.backend.swap(key, current.version, next);
    if (result.ok) return;
    current = result.current;
  }
  assert.fail("a swap fails only when another one succeeded since");
}

/** What is true when several requests run at the same time. */
export const raceChecks: readonly Check[] = [
  [
    "of 20 swaps with one version exactly one succeeds, and the others get its record",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first"));
      const records = Array.from({ length: 20 }, (_, index) => newRecord(bench, `swap ${index}`));
      const results = await times(20, (index) => bench.backend.swap(key, version, records[index]!));
      const winners = results.flatMap((result, index) => (result.ok ? [{ version: result.version, record: records[index]! }] : []));
      assert.equal(winners.length, 1);
      const [winner] = winners;
      for (const result of results) if (!result.ok) assertRecord(result.current, winner!.version, winner!.record);
      assertRecord(await bench.backend.read(key), winner!.version, winner!.record);
    },
  ],
  [
    "50 increments at once, each repeated until its swap succeeds, add 50",
    async (bench) => {
      await create(bench, key, newRecord(bench, "0"));
      await times(50, () => increment(bench, 50));
      assert.equal(textOf((await bench.backend.read(key))?.data), "50");
    },
  ],
  [
    "swap and take at once: the record stays gone, and take returns the record of swap if swap was first",
    async (bench) => {
      for (let round = 0; round < 20; round++) {
        const version = await create(bench, key, newRecord(bench, "first"));
        const swapping = () => bench.backend.swap(key, version, newRecord(bench, "second"));
        const taking = () => bench.backend.take(key);
        const both = round % 2 === 0 ? [swapping(), taking()] : [taking(), swapping()];
        const results = await Promise.all(both);
        const swapped = results.find((result) => result !== undefined && "ok" in result);
        const taken = results.find((result) => result === undefined || !("ok" in result));
        assert.ok(swapped !== undefined && "ok" in swapped && taken !== undefined && "version" in taken, "one takes the record");
        assert.equal(taken.version, swapped.ok ? swapped.version : version);
        if (!swapped.ok) assert.equal(swapped.current, undefined);
        await assertGone(bench, key, taken.version);
      }
    },
  ],
  [
    "touch and take at once: the record stays gone",
    async (bench) => {
      for (let round = 0; round < 20; round++) {
        const version = await create(bench, key, newRecord(bench, "first", { idle: 60 }));
        const touching = () => bench.backend.touch(key, bench.now() + 90_000);
        const taking = () => bench.backend.take(key);
        await Promise.all(round % 2 === 0 ? [touching(), taking()] : [taking(), touching()]);
        await assertGone(bench, key, version);
      }
    },
  ],
  [
    "touch and swap at once: the record of swap stays",
    async (bench) => {
      for (let round = 0; round < 20; round++) {
        const name = keyOf(`round${round}`);
        const version = await create(bench, name, newRecord(bench, "first", { idle: 60 }));
        const swapping = () => bench.backend.swap(name, version, newRecord(bench, "second", { idle: 120 }));
        const touching = () => bench.backend.touch(name, bench.now() + 90_000);
        await Promise.all(round % 2 === 0 ? [swapping(), touching()] : [touching(), swapping()]);
        const found = await bench.backend.read(name);
        assert.equal(textOf(found?.data), "second");
        assert.notEqual(found?.version, version);
      }
    },
  ],
  [
    "of 20 touches at once the latest idleAt is kept",
    async (bench) => {
      const record = newRecord(bench, "first", { idle: 60 });
      const version = await create(bench, key, record);
      await times(20, (index) => bench.backend.touch(key, record.idleAt + ((index * 7) % 20) * 1000));
      assertRecord(await bench.backend.read(key), version, { ...record, idleAt: record.idleAt + 19_000 });
    },
  ],
  [
    "of 20 creates under one key exactly one succeeds, and its record is kept",
    async (bench) => {
      const records = Array.from({ length: 20 }, (_, index) => newRecord(bench, `create ${index}`));
      const versions = await times(20, (index) => bench.backend.create(key, records[index]!));
      const winners = versions.flatMap((version, index) => (version === undefined ? [] : [{ version, record: records[index]! }]));
      assert.equal(winners.length, 1);
      assertRecord(await bench.backend.read(key), winners[0]!.version, winners[0]!.record);
    },
  ],
  [
    "of several takes at once exactly one gets the record",
    async (bench) => {
      const record = newRecord(bench, "first");
      const version = await create(bench, key, record);
      const taken = (await times(10, () => bench.backend.take(key))).filter((found) => found !== undefined);
      assert.equal(taken.length, 1);
      assertRecord(taken[0], version, record);
    },
  ],
];
