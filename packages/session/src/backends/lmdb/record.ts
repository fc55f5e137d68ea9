import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { counterpart, double, expiryKey, nothing, ownerKeys, recordKey } from "./keys.ts";
import type { LmdbDatabaseLike } from "./table.ts";

/** The first bytes of a record, which name its format. */
const mark = Buffer.from("mini-s1\n");
const versionBytes = 12;
const timeBytes = 8;
const lengthBytes = 4;

const timesAt = mark.length + versionBytes;
const lengthAt = timesAt + 2 * timeBytes;
const dataAt = lengthAt + lengthBytes;

/** When a record ends if it is not used; 0 for times that are not numbers. */
export function endOf({ idleAt, expiresAt }: NewRecord): number {
  return Math.max(0, Math.min(idleAt, expiresAt)) || 0;
}

/** A copy in bytes: the mark, the version, the two times, the length of the data, the data. */
export function encode({ version, idleAt, expiresAt, data }: SessionRecord): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(data.length);
  return Buffer.concat([mark, Buffer.from(version, "base64url"), double(idleAt), double(expiresAt), length, data]);
}

/** `undefined` for a value that is not a record, or not a whole one. */
function decode(value: Uint8Array): SessionRecord | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < dataAt || bytes.compare(mark, 0, mark.length, 0, mark.length) !== 0) return undefined;
  if (bytes.readUInt32BE(lengthAt) !== bytes.length - dataAt) return undefined;
  return {
    data: new Uint8Array(value.buffer, value.byteOffset + dataAt, value.length - dataAt),
    version: bytes.toString("base64url", mark.length, timesAt),
    idleAt: bytes.readDoubleBE(timesAt),
    expiresAt: bytes.readDoubleBE(timesAt + timeBytes),
  };
}

/** The record, expired or not. lmdb returns bytes that it does not share. */
export function getRecord(database: LmdbDatabaseLike, key: string): SessionRecord | undefined {
  const value = database.get(recordKey(key));
  return value && decode(value);
}

/** Creates a record, or replaces the previous one, which may have expired; updates its entry for prune. */
export function putRecord(
  database: LmdbDatabaseLike,
  key: string,
  record: SessionRecord,
  { encoded, previous }: { readonly encoded: Uint8Array; readonly previous: SessionRecord | undefined },
): void {
  const end = endOf(record);
  database.put(recordKey(key), encoded);
  // Most changes leave the end where it was.
  if (previous !== undefined && endOf(previous) === end) return;
  if (previous !== undefined) database.remove(expiryKey(endOf(previous), key));
  database.put(expiryKey(end, key), nothing);
}

/** Removes a record and all entries that lead to it; there may be none. */
export function removeRecord(database: LmdbDatabaseLike, key: string): void {
  const previous = getRecord(database, key);
  if (previous !== undefined) database.remove(expiryKey(endOf(previous), key));
  database.remove(recordKey(key));
  const entries = Array.from(database.getKeys(ownerKeys(key)));
  for (const entry of entries) {
    database.remove(counterpart(entry, key));
    database.remove(entry);
  }
}
