import assert from "node:assert/strict";
import type { NewRecord, SessionRecord } from "../record/record.ts";
import type { SessionBackend } from "../keeping/backend.ts";

/** A new, empty backend, and a way to make time pass for it. */
export interface BackendBench {
  readonly backend: SessionBackend;
  /** The backend's clock, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly advance: (seconds: number) => void | Promise<void>;
  /** Called when the test is over, whether it passed or not. */
  readonly close?: () => void | Promise<void>;
}

/** One promise of the contract. The title says it, and the check rejects when the backend breaks it. */
export type Check = readonly [title: string, check: (bench: BackendBench) => Promise<void>];

/** Data of a record. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes as text, to compare them: backends may return any kind of `Uint8Array`. */
export function textOf(data: Uint8Array | undefined): string | undefined {
  return data && new TextDecoder().decode(data);
}

/** A key like those of sessions. The same name always has the same key. */
export function keyOf(name: string): string {
  return (name + "A".repeat(43)).slice(0, 42) + "A";
}

export interface RecordTimes {
  /** Seconds from now. Default: as `life`. */
  readonly idle?: number;
  /** Seconds from now. Default: an hour. */
  readonly life?: number;
}

/** A record that ends this many seconds from now, by the backend's clock. */
export function newRecord({ now }: BackendBench, text: string, { life = 3600, idle = life }: RecordTimes = {}): NewRecord {
  return { data: bytes(text), idleAt: now() + idle * 1000, expiresAt: now() + life * 1000 };
}

/** Creates a record, which must succeed; returns its version. */
export async function create({ backend }: BackendBench, key: string, record: NewRecord): Promise<string> {
  const version = await backend.create(key, record);
  assert.equal(typeof version, "string", "create returns the version of the new record");
  return version!;
}

/** Swaps a record, which must succeed; returns the new version. */
export async function swap({ backend }: BackendBench, key: string, version: string, record: NewRecord): Promise<string> {
  const result = await backend.swap(key, version, record);
  assert.ok(result.ok, "swap succeeds over the current version");
  return result.version;
}

/** Fails unless the record is the expected one, with its version. */
export function assertRecord(found: SessionRecord | undefined, version: string, { data, idleAt, expiresAt }: NewRecord): void {
  assert.ok(found, "the record is there");
  // `cached` does not matter here, because the record must be the newest anyway.
  const { data: foundData, cached: _cached, ...rest } = found;
  assert.deepEqual(
    { ...rest, data: Buffer.from(foundData).toString("hex") },
    { version, idleAt, expiresAt, data: Buffer.from(data).toString("hex") },
  );
}

/** Fails unless every method of the backend says that the key has no record. */
export async function assertGone(bench: BackendBench, key: string, version: string): Promise<void> {
  const { backend, now } = bench;
  assert.equal(await backend.read(key), undefined, "read returns undefined");
  const swapped = await backend.swap(key, version, newRecord(bench, "swapped back"));
  assert.deepEqual(swapped, { ok: false, current: undefined }, "swap says that it is gone");
  assert.equal(await backend.touch(key, now() + 7_200_000), false, "touch says that it is gone");
  assert.equal(await backend.read(key), undefined, "neither swap nor touch brings it back");
  assert.equal(await backend.take(key), undefined, "take returns undefined");
}
