import type { SessionRecord } from "../backend.ts";

/** A record as a cache holds it, with the time at which it was the backend's. */
export interface CacheEntry {
  readonly record: SessionRecord;
  /** Milliseconds since the Unix epoch, before the backend was asked. */
  readonly askedAt: number;
}

/** Says that a value is ours, and in which form. */
const mark = "mini-c1\n";
const headBytes = mark.length + 3 * 8 + 2;

/** The mark, three times, the length of the version, the version, the data. */
export function encodeEntry({ record: { version, data, idleAt, expiresAt }, askedAt }: CacheEntry): Uint8Array {
  const versionBytes = Buffer.from(version);
  const head = Buffer.alloc(headBytes);
  let at = head.write(mark);
  for (const time of [askedAt, idleAt, expiresAt]) at = head.writeDoubleBE(time, at);
  head.writeUInt16BE(versionBytes.length, at);
  return Buffer.concat([head, versionBytes, data]);
}

/** `undefined` for what is no entry of ours. */
export function decodeEntry(value: Uint8Array): CacheEntry | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < headBytes || bytes.toString("latin1", 0, mark.length) !== mark) return undefined;
  const dataAt = headBytes + bytes.readUInt16BE(headBytes - 2);
  if (dataAt > bytes.length) return undefined;
  const [askedAt, idleAt, expiresAt] = [0, 1, 2].map((i) => bytes.readDoubleBE(mark.length + 8 * i)) as [number, number, number];
  const data = Uint8Array.from(bytes.subarray(dataAt));
  return { record: { version: bytes.toString("utf8", headBytes, dataAt), data, idleAt, expiresAt }, askedAt };
}
