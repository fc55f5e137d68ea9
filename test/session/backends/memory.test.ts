import { MemoryBackend } from "@mini/session";
import { testSessionBackend } from "@mini/session/testing";
import { describe, expect, test } from "vitest";
import { bytes, keyOf, recordFor } from "../../support/backends.ts";

function open(limit?: number) {
  let time = 1_000_000_000_000;
  const now = () => time;
  return { backend: new MemoryBackend({ limit, now }), now, advance: (seconds: number) => void (time += seconds * 1000) };
}

testSessionBackend("MemoryBackend", () => open(), { describe, test });

/** Which of the records are there, by number. */
async function present({ backend }: ReturnType<typeof open>, count: number): Promise<readonly number[]> {
  const found = await Promise.all(Array.from({ length: count }, (_, index) => backend.read(keyOf(index))));
  return found.flatMap((record, index) => (record === undefined ? [] : [index]));
}

describe("MemoryBackend over its limit", () => {
  test("removes the oldest sessions, even if they were used recently", async () => {
    const bench = open(3);
    for (let index = 0; index < 3; index++) await bench.backend.create(keyOf(index), recordFor(bench.now(), 60));
    const version = (await bench.backend.read(keyOf(0)))?.version ?? "";
    expect((await bench.backend.swap(keyOf(0), version, recordFor(bench.now(), 60))).ok).toBe(true);
    for (let index = 3; index < 5; index++) await bench.backend.create(keyOf(index), recordFor(bench.now(), 60));
    expect(await present(bench, 5)).toEqual([2, 3, 4]);
  });

  test("removes expired ones first", async () => {
    const bench = open(3);
    for (const [index, life] of [60, 5, 60].entries()) await bench.backend.create(keyOf(index), recordFor(bench.now(), life));
    bench.advance(5);
    await bench.backend.create(keyOf(3), recordFor(bench.now(), 60));
    expect(await present(bench, 4)).toEqual([0, 2, 3]);
  });

  test("keeps a new session under the key of an expired one", async () => {
    const bench = open(2);
    await bench.backend.create(keyOf(0), recordFor(bench.now(), 5));
    await bench.backend.create(keyOf(1), recordFor(bench.now(), 60));
    bench.advance(5);
    await bench.backend.create(keyOf(0), recordFor(bench.now(), 60));
    await bench.backend.create(keyOf(2), recordFor(bench.now(), 60));
    expect(await present(bench, 3)).toEqual([0, 2]);
  });

  test("never has more sessions, owners' entries or epochs than the limit", async () => {
    const bench = open(16);
    const { backend } = bench;
    for (let index = 0; index < 200; index++) {
      await backend.owners.add("somebody", keyOf(index));
      await backend.create(keyOf(index), recordFor(bench.now(), index % 2 === 0 ? 60 : 1));
      await backend.owners.add("nobody", keyOf(`none${index}x`));
      await backend.owners.bump(`owner ${index}`);
      bench.advance(1);
    }
    expect((await present(bench, 200)).length).toBeLessThanOrEqual(16);
    expect((await backend.owners.keys("somebody")).length).toBeLessThanOrEqual(16);
    expect((await backend.owners.keys("nobody")).length).toBeLessThanOrEqual(32);
  });

  test("keeps the entry of an existing session, whatever was added later", async () => {
    const bench = open(16);
    await bench.backend.owners.add("user:1", keyOf(0));
    await bench.backend.create(keyOf(0), recordFor(bench.now(), 60));
    for (let index = 0; index < 200; index++) await bench.backend.owners.add("nobody", keyOf(`none${index}x`));
    expect(await bench.backend.owners.keys("user:1")).toEqual([keyOf(0)]);
  });

  test("returns another epoch when the owner's was removed, so that a comparison notices it", async () => {
    const { owners } = open(2).backend;
    const before = await owners.epoch("user:1");
    await owners.bump("user:1");
    for (const owner of ["user:2", "user:3"]) await owners.bump(owner);
    expect(await owners.epoch("user:1")).not.toBe(before);
    expect(await owners.bump("user:1")).toBe(2);
  });
});

test("an ended session loses its owner's entry", async () => {
  const bench = open();
  for (const [index, life] of [60, 5].entries()) {
    await bench.backend.owners.add("user:1", keyOf(index));
    await bench.backend.create(keyOf(index), recordFor(bench.now(), life));
  }
  await bench.backend.take(keyOf(0));
  expect(await bench.backend.owners.keys("user:1")).toEqual([keyOf(1)]);
  bench.advance(5);
  await bench.backend.prune(10);
  expect(await bench.backend.owners.keys("user:1")).toEqual([]);
});

test("the clock of the system is used by default", async () => {
  const backend = new MemoryBackend();
  await backend.create(keyOf(0), recordFor(Date.now(), 60));
  await backend.create(keyOf(1), recordFor(Date.now(), -1));
  expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("data"));
  expect(await backend.read(keyOf(1))).toBeUndefined();
});

test.each([0, -1, 1.5, Number.NaN, Infinity])("a limit of %j is refused, and the message says which limits are valid", (limit) => {
  expect(() => new MemoryBackend({ limit })).toThrow(RangeError);
  expect(() => new MemoryBackend({ limit })).toThrow(/limit of a MemoryBackend must be a whole number over 0, not/);
});
