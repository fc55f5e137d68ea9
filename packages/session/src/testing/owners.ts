import assert from "node:assert/strict";
import type { OwnerIndex } from "../keeping/backend.ts";
import { create, keyOf, newRecord, swap, type BackendBench, type Check } from "./bench.ts";

const [one, two] = [keyOf("one"), keyOf("two")];

/** A check of the index of owners, which a backend need not have. */
function check(title: string, body: (owners: OwnerIndex, bench: BackendBench) => Promise<void>): Check {
  return [`owners, if it exists: ${title}`, async (bench) => (bench.backend.owners ? body(bench.backend.owners, bench) : undefined)];
}

async function assertKeys(owners: OwnerIndex, owner: string, expected: readonly string[]): Promise<void> {
  assert.deepEqual([...(await owners.keys(owner))].toSorted(), expected.toSorted());
}

/** Names that are easily confused with each other, or with names that JavaScript uses. */
const names = [
  "user:1",
  "user:10",
  "user:1:",
  "USER:1",
  "",
  " ",
  "*",
  "%",
  "_",
  "a'b\"c\\d",
  "é",
  "e\u0301",
  "\u{1f600}",
  "nul\0",
  "nul",
  "x".repeat(5000),
];

/** Which records belong to an owner. */
export const ownerChecks: readonly Check[] = [
  check("an unknown owner has no keys and the epoch 0", async (owners) => {
    await assertKeys(owners, "user:1", []);
    assert.equal(await owners.epoch("user:1"), 0);
  }),
  check("bump adds 1 to the owner's epoch and returns it", async (owners) => {
    assert.equal(await owners.bump("user:1"), 1);
    assert.equal(await owners.bump("user:1"), 2);
    assert.deepEqual([await owners.epoch("user:1"), await owners.epoch("user:2")], [2, 0]);
  }),
  check("20 bumps at once add 20", async (owners) => {
    const epochs = await Promise.all(Array.from({ length: 20 }, () => owners.bump("user:1")));
    assert.deepEqual(
      epochs.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    assert.equal(await owners.epoch("user:1"), 20);
  }),
  check("keys returns the keys that were added and not removed, each once", async (owners) => {
    await owners.add("user:1", one);
    await owners.add("user:1", two);
    await owners.add("user:1", two);
    await assertKeys(owners, "user:1", [one, two]);
    await owners.remove("user:1", one);
    await assertKeys(owners, "user:1", [two]);
    await owners.remove("user:1", two);
    await assertKeys(owners, "user:1", []);
  }),
  check("removing an entry that does not exist is not an error", async (owners) => {
    await owners.remove("user:1", one);
    await owners.add("user:1", one);
    await owners.remove("user:1", two);
    await owners.remove("user:2", one);
    await assertKeys(owners, "user:1", [one]);
  }),
  check("a key is added before its record is created, and stays while the record is used", async (owners, bench) => {
    await owners.add("user:1", one);
    const version = await create(bench, one, newRecord(bench, "first", { idle: 60, life: 7200 }));
    await swap(bench, one, version, newRecord(bench, "second", { idle: 120, life: 7200 }));
    await bench.backend.touch(one, bench.now() + 7_200_000);
    await bench.advance(7199);
    await bench.backend.prune?.(100);
    assert.ok(await bench.backend.read(one), "the record is there");
    await assertKeys(owners, "user:1", [one]);
  }),
  check("20 keys added at once are all there", async (owners) => {
    const keys = Array.from({ length: 20 }, (_, index) => keyOf(`k${index}x`));
    await Promise.all(keys.map((key) => owners.add("user:1", key)));
    await assertKeys(owners, "user:1", keys);
  }),
  check("any text can be an owner, and no two texts are the same owner", async (owners) => {
    for (const [index, name] of names.entries()) {
      await owners.add(name, keyOf(`k${index}x`));
      for (let count = 0; count <= index; count++) await owners.bump(name);
    }
    for (const [index, name] of names.entries()) {
      await assertKeys(owners, name, [keyOf(`k${index}x`)]);
      assert.equal(await owners.epoch(name), index + 1);
    }
  }),
];
