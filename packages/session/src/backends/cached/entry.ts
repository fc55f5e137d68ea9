import { createHash } from "node:crypto";
import type { SessionRecord } from "../../record/record.ts";

/** A record in a cache, and the time at which the backend had it. */
export interface CacheEntry {
  readonly record: SessionRecord;
  /** Milliseconds since the Unix epoch, before the backend was asked. */
  readonly askedAt: number;
}

/** The first bytes of an entry, which name its format. */
const mark = "mini-c2\n";
const sumBytes = 32;
const timesAt = mark.length + sumBytes;
const headBytes = timesAt + 3 * 8 + 2;

/**
 * An entry in bytes: the mark, a checksum, three times, the length of the version, the version, the data. The checksum includes
 * the key, because caches have given the values of other keys after a connection broke.
 */
export function encodeEntry(key: string, { record: { version, data, idleAt, expiresAt }, askedAt }: CacheEntry): Uint8Array {
  const versionBytes = Buffer.from(version);
  const head = Buffer.alloc(headBytes);
  head.write(mark);
  [askedAt, idleAt, expiresAt].forEach((time, i) => head.writeDoubleBE(time, timesAt + 8 * i));
  head.writeUInt16BE(versionBytes.length, headBytes - 2);
  const bytes = Buffer.concat([head, versionBytes, data]);
  checksum(key, bytes).copy(bytes, mark.length);
  return bytes;
}

/** `undefined` for a value that is not an entry for that key. */
export function decodeEntry(key: string, value: Uint8Array): CacheEntry | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < headBytes || bytes.toString("latin1", 0, mark.length) !== mark) return undefined;
  if (!checksum(key, bytes).equals(bytes.subarray(mark.length, timesAt))) return undefined;
  const dataAt = headBytes + bytes.readUInt16BE(headBytes - 2);
  const [askedAt, idleAt, expiresAt] = [0, 1, 2].map((i) => bytes.readDoubleBE(timesAt + 8 * i)) as [number, number, number];
  const data = Uint8Array.from(bytes.subarray(dataAt));
  return { record: { version: bytes.toString("utf8", headBytes, dataAt), data, idleAt, expiresAt }, askedAt };
}

function checksum(key: string, bytes: Buffer): Buffer {
  return createHash("sha256").update(key).update("\0").update(bytes.subarray(timesAt)).digest();
}
