import { createHash } from "node:crypto";
import type { LmdbDatabaseLike } from "./table.ts";

// What is in the database, by the first byte of its key. Only the first and the last have a value.
//
//   r key          the record
//   x time key     where prune looks at this time: the key's record may have ended, or never have come
//   o owner key    the key belongs to the owner
//   k key owner    the same from the key's side, so that it goes with the record
//   e owner        the owner's epoch
//
// Owners are hashed, and so is the key where it is not the last part: every part but the last has a fixed length.

/** The value of an entry that only has to be there. */
export const nothing = new Uint8Array();

const timeBytes = 8;
const hashBytes = 32;
/** Bytes. What is made of it stays below LMDB's own limit, 1978. */
const longestKey = 1024;

export const recordKey = (key: string) => join("r", bytesOf(key));
export const expiryKey = (time: number, key: string) => join("x", double(time), bytesOf(key));
export const ownedKey = (owner: string, key: string) => join("o", hash(owner), bytesOf(key));
export const ownerKey = (owner: string, key: string) => join("k", hash(key), hash(owner));
export const epochKey = (owner: string) => join("e", hash(owner));

/** The range of an owner's `o`. */
export const ownedKeys = (owner: string) => below(join("o", hash(owner)));
/** The range of a key's `k`. */
export const ownerKeys = (key: string) => below(join("k", hash(key)));
/** The `o` that stands for a `k`. */
export const counterpart = (entry: Uint8Array, key: string) => join("o", entry.subarray(1 + hashBytes), bytesOf(key));

/** The key at the end of an `x` or an `o`. */
export function keyIn(entry: Uint8Array): string {
  const bytes = Buffer.from(entry);
  return bytes.toString("utf8", 1 + (bytes[0] === "x".charCodeAt(0) ? timeBytes : hashBytes));
}

/** The `x` that are due, earliest first. */
export function dueKeys(database: LmdbDatabaseLike, now: number, limit: number): readonly Uint8Array[] {
  const { end } = below(join("x", double(now)));
  return [...database.getKeys({ start: join("x"), end, limit })];
}

/** Eight bytes that sort as the number does, when it is not negative. */
export function double(value: number): Buffer {
  const bytes = Buffer.alloc(timeBytes);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** 0 for what is no number of ours. */
export function readDouble(stored: Uint8Array | undefined): number {
  return stored?.length === timeBytes ? Buffer.from(stored).readDoubleBE() : 0;
}

function join(kind: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(kind), ...parts]);
}

/** All that begins with these bytes: no text has a byte as high as the end's, and no hash as many. */
function below(start: Uint8Array): { readonly start: Uint8Array; readonly end: Uint8Array } {
  return { start, end: Buffer.concat([start, Buffer.alloc(hashBytes + 1, 0xff)]) };
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function bytesOf(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length > longestKey) throw new RangeError(`The key of a session has ${bytes.length} bytes; here it can have ${longestKey}.`);
  return bytes;
}
