import { isPlainObject, noContents, parseJson } from "./contents.ts";
import {
  decodeSession,
  encodeSession,
  endAfter,
  isAlive,
  lifetimeOf,
  type Lifetime,
  type Limits,
  type SavedSession,
} from "./saved-session.ts";
import { SessionTooLargeError } from "./session-too-large.ts";
import { biggestKeys } from "./too-large.ts";

/** What a backend stores for one session. */
export interface NewRecord {
  /** Opaque to the backend. */
  readonly data: Uint8Array;
  /** When the session ends if it is not used; milliseconds since the Unix epoch. */
  readonly idleAt: number;
  /** When the session ends even if it is in use; milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

export interface SessionRecord extends NewRecord {
  /** Changes with every `swap`. The backend chooses its form. */
  readonly version: string;
  /** Whether it comes from a cache, and may be older than the record in the backend. Default `false`. */
  readonly cached?: boolean;
}

/** The record of a session in a backend, decoded. */
export interface DecodedRecord extends SavedSession {
  /** Milliseconds since the Unix epoch. */
  readonly idleAt: number;
  /** The seconds from a use to `idleAt`; `undefined` when only `expiresAt` ends the session. */
  readonly idleTimeout?: number | undefined;
  readonly expiresAt: number;
  /**
   * The owner's epoch when the session was given to the owner. If the owner's epoch has moved since, a session that is made from
   * this one is revoked.
   */
  readonly epoch: number | undefined;
  /** Public random name. */
  readonly handle: string;
  readonly version: string;
  /** Whether it comes from a cache, and may be older than the record in the backend. */
  readonly cached?: boolean;
  /** Set in the record under the old id of a session that has got a new id. Such a record contains nothing else. */
  readonly replaced?: ReplacedNote | undefined;
}

/** The note that a session leaves for some seconds under its old id, so that requests with the old id do no harm. */
export interface ReplacedNote {
  /** The key of the record under the new id. It is not secret, because a client needs the id and not the key. */
  readonly by: string;
  /** Whether a log-in gave the new id. A log-out with the old id does not end a session of a later log-in. */
  readonly isLogIn: boolean;
}

/** The most bytes of a record; more data belongs in a database of the application. */
const longestRecord = 64 * 1024;

/** The version of the record format. Records in another format count as missing. */
const formatVersion = 1;

/** @throws SessionTooLargeError over 64 KiB. */
export function encodeRecord(record: Omit<DecodedRecord, "version">): NewRecord {
  const { contents, handle, epoch, idleAt, idleTimeout, expiresAt, replaced } = record;
  if (replaced !== undefined) return { data: Buffer.from(JSON.stringify({ form: formatVersion, replaced })), idleAt, expiresAt };
  const bytes = Buffer.from(encodeSession(record, { form: formatVersion, handle, epoch, idleTimeout }));
  if (bytes.length > longestRecord) throw new SessionTooLargeError(bytes.length, longestRecord, biggestKeys(contents));
  return { data: bytes, idleAt, expiresAt };
}

/** `undefined` for bytes that are not a record of this format. */
export function decodeRecord({ data: bytes, idleAt, expiresAt, version, cached = false }: SessionRecord): DecodedRecord | undefined {
  if (!((bytes as unknown) instanceof Uint8Array)) return undefined;
  const json = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  if (!isPlainObject(json) || json["form"] !== formatVersion) return undefined;
  const times = { idleAt, expiresAt, version, cached };
  const replaced = readReplaced(json["replaced"]);
  if (replaced !== undefined) return { ...emptyRecord, ...times, replaced };
  const saved = decodeSession(json);
  const { epoch, handle, idleTimeout } = json;
  if (saved === undefined || typeof handle !== "string" || (epoch !== undefined && typeof epoch !== "number")) return undefined;
  return {
    idleAt,
    idleTimeout: typeof idleTimeout === "number" ? idleTimeout : undefined,
    expiresAt,
    epoch,
    handle,
    version,
    cached,
    replaced: undefined,
    // Last, because Node 20 gives each object a hidden class of its own if properties are added after a spread.
    ...saved,
  };
}

/** The fields of the record of a session that was replaced. */
const emptyRecord = Object.freeze({ contents: noContents, createdAt: 0, owner: undefined, epoch: undefined, handle: "" });

function readReplaced(json: unknown): ReplacedNote | undefined {
  if (!isPlainObject(json) || typeof json["by"] !== "string") return undefined;
  return { by: json["by"], isLogIn: json["isLogIn"] === true };
}

/** Milliseconds for which a session leaves a record under its old id, which is long enough for running requests. */
const replacedFor = 30_000;

/** What a session leaves under its old id. */
export function replacedRecord(record: DecodedRecord, replaced: ReplacedNote, now: number): DecodedRecord {
  const end = Math.min(now + replacedFor, record.expiresAt);
  return { ...emptyRecord, version: record.version, idleAt: end, expiresAt: end, replaced };
}

/** Whether a session in a backend is alive, or still leaves a note of its new id. */
export function isAliveRecord(record: DecodedRecord, limits: Limits, now: number): boolean {
  const { createdAt, idleAt, idleTimeout, expiresAt, overrides, replaced } = record;
  if (replaced !== undefined) return now < expiresAt;
  const usedAt = idleTimeout === undefined ? undefined : idleAt - endAfter(0, idleTimeout);
  return isAlive({ createdAt, usedAt, idleAt, expiresAt }, lifetimeOf(limits, overrides), now);
}

/** When a session that is used now ends if it is not used again. Without an `idleTimeout`, only `expiresAt` ends it. */
export function idleFrom(now: number, { idleTimeout }: Lifetime, expiresAt: number) {
  return { idleTimeout, idleAt: idleTimeout === undefined ? expiresAt : endAfter(now, idleTimeout) };
}

/** The last millisecond before `end`. */
export const lastMillisecond = (end: number): number => end - 1;
