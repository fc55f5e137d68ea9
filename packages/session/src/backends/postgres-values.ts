import { createHash, randomBytes } from "node:crypto";
import type { SessionRecord } from "../backend.ts";

/** A record as pg gives it: `bigint` comes as text unless somebody has told pg otherwise. */
interface Row {
  readonly version: unknown;
  readonly data: unknown;
  readonly idle_at: string | number | bigint;
  readonly expires_at: string | number | bigint;
}

/** What a query that only reads joins what it looks for to, so that {@link foundIn} can tell that a standby has answered. */
export const server = "(SELECT pg_is_in_recovery() AS standby) AS server";

/**
 * The rows that were found; where there are none, the server alone stands in one with nothing in its `column`.
 *
 * @throws Error for those of a standby server, which may be behind: what it has may have ended.
 */
export function foundIn(rows: readonly unknown[], column: string): readonly unknown[] {
  const [first] = rows as readonly Readonly<Record<string, unknown>>[];
  if (first?.["standby"] !== false) {
    throw new Error("A PostgresBackend reads from a standby server, which may be behind: lead its pool to the primary server.");
  }
  return first[column] === null ? [] : rows;
}

const keyBytes = 32;
const versionBytes = 12;

/** The 32 bytes of a key, which is 43 characters here and nothing else. */
export function keyOf(key: string): Buffer {
  const bytes = Buffer.from(key, "base64url");
  if (bytes.length === keyBytes && bytes.toString("base64url") === key) return bytes;
  throw new RangeError(`The key of a session must be a SHA-256 in base64url, 43 characters; this one has ${key.length}.`);
}

export function keyIn(row: unknown): string {
  return bytesOf((row as { readonly key: unknown }).key).toString("base64url");
}

/** @throws TypeError for what is no bytes: then pg has been told to give something else. */
function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  throw new TypeError(
    "PostgresBackend needs bytea from pg as bytes, as pg gives it: a pool without binary: true and without a type parser of its own for it.",
  );
}

/** Owners are hashed: they are any text, and nobody else's business. */
export function ownerOf(owner: string): Buffer {
  return createHash("sha256").update(owner).digest();
}

/** The version of one write and of no other, so that it never fits a record that came after a `take`. */
export function newVersion(): Buffer {
  return randomBytes(versionBytes);
}

export const versionOf = (version: string): Buffer => Buffer.from(version, "base64url");
export const versionIn = (version: unknown): string => bytesOf(version).toString("base64url");

/** The tables keep whole milliseconds. What is no time has ended. */
export function timeOf(time: number): number {
  return Math.min(Math.max(Math.floor(time) || 0, 0), Number.MAX_SAFE_INTEGER);
}

/** pg gives bytes that nobody else has. */
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
