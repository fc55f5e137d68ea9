import assert from "node:assert/strict";
import { assertGone, create, keyOf, newRecord, swap, textOf, type BackendBench, type Check, type RecordTimes } from "./bench.ts";

const key = keyOf("one");

async function isThere({ backend }: BackendBench, name = key): Promise<boolean> {
  return (await backend.read(name)) !== undefined;
}

/** Each way in which a record can end after a minute. */
const endings: readonly (readonly [name: string, times: RecordTimes])[] = [
  ["idleAt", { idle: 60, life: 3600 }],
  ["expiresAt", { idle: 3600, life: 60 }],
];

const endChecks = endings.flatMap<Check>(([name, times]) => [
  [
    `a record ends at its ${name}, not earlier`,
    async (bench) => {
      await create(bench, key, newRecord(bench, "first", times));
      await bench.advance(59);
      assert.equal(await isThere(bench), true, "a second before");
      await bench.advance(1);
      assert.equal(await isThere(bench), false, "at that time");
      await bench.advance(1);
      assert.equal(await isThere(bench), false, "a second after");
    },
  ],
  [
    `after its ${name} a record is gone for swap, touch and take too`,
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first", times));
      await bench.advance(60);
      await assertGone(bench, key, version);
    },
  ],
  [
    `after its ${name} a record cannot be taken`,
    async (bench) => {
      await create(bench, key, newRecord(bench, "first", times));
      await bench.advance(60);
      assert.equal(await bench.backend.take(key), undefined);
    },
  ],
  [
    `after its ${name} its key can be used by create`,
    async (bench) => {
      await create(bench, key, newRecord(bench, "first", times));
      await bench.advance(60);
      await create(bench, key, newRecord(bench, "second"));
      assert.equal(textOf((await bench.backend.read(key))?.data), "second");
    },
  ],
]);

/** When records end, and what prune removes. */
export const expiryChecks: readonly Check[] = [
  ...endChecks,
  [
    "after a touch a record lives until its new idleAt",
    async (bench) => {
      await create(bench, key, newRecord(bench, "first", { idle: 60 }));
      await bench.advance(59);
      await bench.backend.touch(key, bench.now() + 60_000);
      await bench.advance(59);
      assert.equal(await isThere(bench), true, "a second before");
      await bench.advance(1);
      assert.equal(await isThere(bench), false, "at that time");
    },
  ],
  [
    "after a touch a record still ends at its expiresAt",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first", { idle: 30, life: 60 }));
      await bench.backend.touch(key, bench.now() + 90_000);
      await bench.advance(59);
      assert.equal(await isThere(bench), true, "a second before");
      await bench.advance(1);
      await assertGone(bench, key, version);
    },
  ],
  [
    "swap sets idleAt and expiresAt",
    async (bench) => {
      const version = await create(bench, key, newRecord(bench, "first", { life: 60 }));
      await swap(bench, key, version, newRecord(bench, "second", { life: 120 }));
      await bench.advance(119);
      assert.equal(await isThere(bench), true, "a second before");
      await bench.advance(1);
      assert.equal(await isThere(bench), false, "at that time");
    },
  ],
  [
    "prune, if it exists, removes only expired records, and not more than its limit",
    async (bench) => {
      const { backend, advance } = bench;
      if (backend.prune === undefined) return;
      for (const name of ["a", "b", "c", "d", "e"]) await create(bench, keyOf(name), newRecord(bench, name, { idle: 60 }));
      for (const name of ["f", "g"]) await create(bench, keyOf(name), newRecord(bench, name, { idle: 61 }));
      assert.equal(await backend.prune(10), 0);
      await advance(60);
      assert.equal(await backend.prune(0), 0);
      assert.equal(await backend.prune(2), 2);
      assert.equal(await backend.prune(10), 3);
      assert.equal(await backend.prune(10), 0);
      for (const name of ["f", "g"]) assert.equal(await isThere(bench, keyOf(name)), true, `${name} is left`);
    },
  ],
  [
    "prune, if it exists, uses the newest times of a record",
    async (bench) => {
      const { backend, advance } = bench;
      if (backend.prune === undefined) return;
      const [touched, swapped, shortened] = [keyOf("touched"), keyOf("swapped"), keyOf("shortened")];
      for (const name of [touched, swapped]) await create(bench, name, newRecord(bench, "first", { idle: 60 }));
      await backend.touch(touched, bench.now() + 120_000);
      await swap(bench, swapped, (await backend.read(swapped))?.version ?? "", newRecord(bench, "second", { idle: 120 }));
      await swap(bench, shortened, await create(bench, shortened, newRecord(bench, "first")), newRecord(bench, "second", { life: 30 }));
      await advance(60);
      assert.equal(await backend.prune(10), 1, "the shortened one");
      assert.deepEqual([await isThere(bench, touched), await isThere(bench, swapped)], [true, true]);
      await advance(60);
      assert.equal(await backend.prune(10), 2, "the others");
    },
  ],
];
