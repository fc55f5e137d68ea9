import { isPlainObject, noContents, parseJson, readFlashes, type Contents } from "./contents.ts";
import { biggestKeys, SessionTooLargeError } from "./too-large.ts";

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
  /** Whether it comes from a cache, and may be older than the record in the backend. Default `false`. */
  readonly cached?: boolean;
}

/** What the record of a session in a backend and the cookie of a session without one both hold. */
export interface SavedSession {
  readonly contents: Contents;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly owner: string | undefined;
}

/** The record of a session in a backend, decoded. */
export interface DecodedRecord extends SavedSession {
  /** Milliseconds since the Unix epoch. */
  readonly idleAt: number;
  readonly expiresAt: number;
  /**
   * The owner's epoch when the session was given to the owner. When the owner's epoch has moved since, a session that is
   * made from this one counts as revoked.
   */
  readonly epoch: number | undefined;
  /** Public random name. */
  readonly handle: string;
  readonly version: string;
  /** Whether it comes from a cache, and may be older than the record in the backend. */
  readonly cached?: boolean;
}

/** Bytes. More data belongs into a database of the application. */
const longestRecord = 64 * 1024;

/** The form of a record. Records of another form count as missing. */
const form = 1;

/** The fields of a session's JSON that only a record has. */
type RecordFields = { readonly form?: number } & Partial<Pick<DecodedRecord, "handle" | "epoch">>;

/** A session as JSON text. The user's data has a key of its own, so that its names cannot collide with others. */
export function encodeSession({ contents, createdAt, owner }: SavedSession, { form, handle, epoch }: RecordFields = {}): string {
  const { data, flashes } = contents;
  return JSON.stringify({ form, createdAt, handle, owner, epoch, data, flashes: flashes.length === 0 ? undefined : flashes });
}

/** `undefined` for JSON that is not a session: it may have been written by another version of this program. */
export function decodeSession(json: unknown): SavedSession | undefined {
  if (!isPlainObject(json)) return undefined;
  const { data, createdAt, owner } = json;
  const flashes = json["flashes"] === undefined ? noContents.flashes : readFlashes(json["flashes"]);
  if (!isPlainObject(data) || flashes === undefined || typeof createdAt !== "number") return undefined;
  if (owner !== undefined && typeof owner !== "string") return undefined;
  return { contents: { data, flashes }, createdAt, owner };
}

/** @throws SessionTooLargeError over 64 KiB. */
export function encodeRecord(record: Omit<DecodedRecord, "version">): NewRecord {
  const { contents, handle, epoch, idleAt, expiresAt } = record;
  const bytes = Buffer.from(encodeSession(record, { form, handle, epoch }));
  if (bytes.length > longestRecord) throw new SessionTooLargeError(bytes.length, longestRecord, biggestKeys(contents));
  return { data: bytes, idleAt, expiresAt };
}

/** `undefined` for bytes that are not a record of this form. */
export function decodeRecord({ data: bytes, idleAt, expiresAt, version, cached = false }: SessionRecord): DecodedRecord | undefined {
  if (!((bytes as unknown) instanceof Uint8Array)) return undefined;
  const json = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  const saved = decodeSession(json);
  if (saved === undefined || !isPlainObject(json)) return undefined;
  const { epoch, handle } = json;
  if (json["form"] !== form || typeof handle !== "string" || (epoch !== undefined && typeof epoch !== "number")) return undefined;
  const { contents, createdAt, owner } = saved;
  return { contents, createdAt, idleAt, expiresAt, owner, epoch, handle, version, cached };
}

/** How long a session may last. */
export interface Lifetime {
  /** Seconds since its creation. */
  readonly maxAge: number;
  /** Seconds since its last use. */
  readonly idleTimeout: number | undefined;
}

/** When something that began at `time` has ended: the first millisecond in which it is older than `seconds`. */
export function endAfter(time: number, seconds: number): number {
  return time + seconds * 1000 + 1;
}

/**
 * Seconds without use after which the idle time of a session is moved: a tenth of `idleTimeout`, at least 15 seconds, so that
 * most requests write nothing; at most half of it, so that it is moved before the session ends.
 */
export function renewalAge(idleTimeout: number): number {
  return Math.min(Math.max(15, idleTimeout / 10), idleTimeout / 2);
}
