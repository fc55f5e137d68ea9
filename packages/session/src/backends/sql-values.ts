import { createHash } from "node:crypto";
import type { SessionRecord } from "../record/record.ts";

/** A row of a record. Drivers may return a large whole number as text or `bigint`. */
interface Row {
  readonly version: unknown;
  readonly data: unknown;
  readonly idle_at: string | number | bigint;
  readonly expires_at: string | number | bigint;
}

const keyBytes = 32;

/** The 32 bytes of a key. A key must be exactly 43 characters. */
export function keyOf(key: string): Buffer {
  const bytes = Buffer.from(key, "base64url");
  if (bytes.length === keyBytes && bytes.toString("base64url") === key) return bytes;
  throw new RangeError(`The key of a session must be a SHA-256 in base64url, 43 characters; this one has ${key.length}.`);
}

export function keyIn(row: unknown): string {
  return bytesOf((row as { readonly key: unknown }).key).toString("base64url");
}

/** @throws TypeError for a value that is not bytes: the driver was configured to return something else. */
function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  throw new TypeError(
    "The driver must return binary columns as bytes, as it does by default. With pg, use a pool without binary: true and without another type parser for bytea.",
  );
}

/** Owners are hashed because they can be any text, and because readers of the table need not know them. */
export function ownerOf(owner: string): Buffer {
  return createHash("sha256").update(owner).digest();
}

export const versionOf = (version: string): Buffer => Buffer.from(version, "base64url");
const versionIn = (version: unknown): string => bytesOf(version).toString("base64url");

/** The tables keep whole milliseconds. A value that is not a time counts as a time in the past. */
export function timeOf(time: number): number {
  return Math.min(Math.max(Math.floor(time) || 0, 0), Number.MAX_SAFE_INTEGER);
}

/** The record of a row, with the bytes of the row, which drivers do not share. */
export function recordIn(row: unknown): SessionRecord {
  const { version, data, idle_at, expires_at } = row as Row;
  const { buffer, byteOffset, length } = bytesOf(data);
  return {
    data: new Uint8Array(buffer, byteOffset, length),
    version: versionIn(version),
    idleAt: Number(idle_at),
    expiresAt: Number(expires_at),
  };
}
