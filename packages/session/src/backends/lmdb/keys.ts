import { createHash } from "node:crypto";
import type { LmdbDatabaseLike } from "./table.ts";

// The entries of the database, by the first byte of their key. Only the first and the last kind have a value.
//
//   r key          the record
//   x time key     tells prune to look at this time: the record may have expired, or was never created
//   o owner key    the key belongs to the owner
//   k key owner    the same by key, so that it can be removed with the record
//   e owner        the owner's epoch
//
// Every part but the last has a fixed length: owners are hashed, and so is the key where it is not the last part.

/** The value of entries that need no value. */
export const nothing = new Uint8Array();

const timeBytes = 8;
const hashBytes = 32;
/** Bytes of a session's key. With it, the keys of the entries stay below LMDB's limit, 1978. */
const longestKey = 1024;

export const recordKey = (key: string) => join("r", bytesOf(key));
export const expiryKey = (time: number, key: string) => join("x", double(time), bytesOf(key));
export const ownedKey = (owner: string, key: string) => join("o", hash(owner), bytesOf(key));
export const ownerKey = (owner: string, key: string) => join("k", hash(key), hash(owner));
export const epochKey = (owner: string) => join("e", hash(owner));

/** The range of the `r` entries after the entry of a key; `""`: all. */
export const recordKeys = (after: string) => ({
  start: Buffer.concat([recordKey(after), Buffer.alloc(after === "" ? 0 : 1)]),
  end: join("s"),
});

/** The range of the `o` entries of an owner. */
export const ownedKeys = (owner: string) => below(join("o", hash(owner)));
/** The range of the `k` entries of a key. */
export const ownerKeys = (key: string) => below(join("k", hash(key)));
/** The `o` entry that belongs to a `k` entry. */
export const counterpart = (entry: Uint8Array, key: string) => join("o", entry.subarray(1 + hashBytes), bytesOf(key));

/** Bytes between the kind of an entry and the session's key. */
const between: Readonly<Record<string, number>> = { r: 0, x: timeBytes, o: hashBytes };

/** The session's key at the end of an `r`, `x` or `o` entry. */
export function keyIn(entry: Uint8Array): string {
  return Buffer.from(entry).toString("utf8", 1 + between[String.fromCharCode(entry[0]!)]!);
}

/** The `x` entries whose time has come, earliest first. */
export function dueKeys(database: LmdbDatabaseLike, now: number, limit: number): readonly Uint8Array[] {
  const { end } = below(join("x", double(now)));
  return [...database.getKeys({ start: join("x"), end, limit })];
}

/** Eight bytes that sort like the number, if it is not negative. */
export function double(value: number): Buffer {
  const bytes = Buffer.alloc(timeBytes);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** 0 for a value that is not such a number. */
export function readDouble(stored: Uint8Array | undefined): number {
  return stored?.length === timeBytes ? Buffer.from(stored).readDoubleBE() : 0;
}

function join(kind: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(kind), ...parts]);
}

/**
 * The range of all keys that begin with these bytes. The end is above every such key: UTF-8 text never contains the byte
 * 0xff, and a hash cannot consist of this many of them.
 */
function below(start: Uint8Array): { readonly start: Uint8Array; readonly end: Uint8Array } {
  return { start, end: Buffer.concat([start, Buffer.alloc(hashBytes + 1, 0xff)]) };
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function bytesOf(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length > longestKey)
    throw new RangeError(`The key of a session has ${bytes.length} bytes; LmdbBackend takes ${longestKey} at most.`);
  return bytes;
}
