import { SessionTooLargeError, biggestKeys } from "./too-large.ts";
import { readFlashes } from "./flash.ts";
import { isPlainObject, parseJson } from "./json.ts";
import { noContents, type Contents } from "./operations.ts";

/** What a backend keeps for one session. */
export interface NewRecord {
  /** Opaque to the backend. */
  readonly data: Uint8Array;
  /** When the session ends unless it is used before; milliseconds since the Unix epoch. */
  readonly idleAt: number;
  /** When the session ends however it is used; milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

export interface SessionRecord extends NewRecord {
  /** Changes with every `swap`; its form is the backend's. */
  readonly version: string;
  /** Whether it comes from a cache, and may be older than what is kept. Default `false`. */
  readonly cached?: boolean;
}

/** A server-side session's record, decoded. */
export interface KeptRecord {
  readonly contents: Contents;
  /** Milliseconds since the Unix epoch, as the other times. */
  readonly createdAt: number;
  readonly idleAt: number;
  readonly expiresAt: number;
  readonly owner: string | undefined;
  /** The owner's epoch when he was named: once it has moved, what is made of this session counts as revoked. */
  readonly epoch: number | undefined;
  /** Public random name. */
  readonly handle: string;
  readonly version: string;
  /** Whether it comes from a cache, and may be older than what is kept. */
  readonly cached?: boolean;
}

/** Bytes of a record; more is data that belongs elsewhere. */
const longestRecord = 64 * 1024;

/** The form of a record; one of another form counts as none. */
const form = 1;

/**
 * What a backend is given for a record. The user's data has a key of its own, so that none of its names can collide.
 *
 * @throws SessionTooLargeError over 64 KiB.
 */
export function encodeRecord({ contents, createdAt, owner, epoch, handle, idleAt, expiresAt }: Omit<KeptRecord, "version">): NewRecord {
  const { data, flashes } = contents;
  const text = JSON.stringify({ form, createdAt, handle, owner, epoch, data, flashes: flashes.length === 0 ? undefined : flashes });
  const bytes = Buffer.from(text);
  if (bytes.length > longestRecord) {
    const all = flashes.length === 0 ? data : { ...data, "flash messages": flashes };
    throw new SessionTooLargeError(bytes.length, longestRecord, biggestKeys(all));
  }
  return { data: bytes, idleAt, expiresAt };
}

/** `undefined` for what is no record of this form. */
export function decodeRecord({ data: bytes, idleAt, expiresAt, version, cached = false }: SessionRecord): KeptRecord | undefined {
  if (!((bytes as unknown) instanceof Uint8Array)) return undefined;
  const record = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  if (!isPlainObject(record) || record["form"] !== form) return undefined;
  const { data, createdAt, owner, epoch, handle } = record;
  const flashes = record["flashes"] === undefined ? noContents.flashes : readFlashes(record["flashes"]);
  if (!isPlainObject(data) || flashes === undefined || typeof createdAt !== "number" || typeof handle !== "string") return undefined;
  if (owner !== undefined && typeof owner !== "string") return undefined;
  if (epoch !== undefined && typeof epoch !== "number") return undefined;
  return { contents: { data, flashes }, createdAt, idleAt, expiresAt, owner, epoch, handle, version, cached };
}
