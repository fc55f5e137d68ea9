import { isPlainObject, noContents, parseJson, readFlashes, type Contents } from "./contents.ts";
import { biggestKeys, SessionTooLargeError } from "./too-large.ts";

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

/** What both the record of a session in a backend and the cookie of a session without a backend contain. */
export interface SavedSession {
  readonly contents: Contents;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly owner: string | undefined;
  /** When it was given to the owner by a log-in; milliseconds since the Unix epoch. */
  readonly authenticatedAt?: number | undefined;
  /** The options of this session that override the configured ones. */
  readonly overrides?: Overrides | undefined;
  /** The attributes of its cookie that decide where the browser keeps it; left out, a cookie without these attributes. */
  readonly place?: CookiePlace | undefined;
}

/** The attributes in which cookies with one name can differ in a browser. */
export interface CookiePlace {
  readonly domain?: string | undefined;
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Default false. */
  readonly partitioned?: boolean | undefined;
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

/** The fields of a session's JSON that only a record has. */
type RecordFields = { readonly form?: number } & Partial<Pick<DecodedRecord, "handle" | "epoch" | "idleTimeout">>;

/** A session as JSON text. The user's data is under a separate key, so that its names cannot collide with others. */
export function encodeSession(saved: SavedSession, { form, handle, epoch, idleTimeout }: RecordFields = {}): string {
  const { contents, createdAt, owner, authenticatedAt, overrides, place } = saved;
  const { data, flashes } = contents;
  return JSON.stringify({
    form,
    createdAt,
    handle,
    owner,
    authenticatedAt,
    epoch,
    idleTimeout,
    chosen: overrides,
    place,
    data,
    flashes: flashes.length === 0 ? undefined : flashes,
  });
}

/** `undefined` for JSON that is not a session: it may have been written by another version of this program. */
export function decodeSession(json: unknown): SavedSession | undefined {
  if (!isPlainObject(json)) return undefined;
  const { data, createdAt, owner, authenticatedAt } = json;
  const flashes = json["flashes"] === undefined ? noContents.flashes : readFlashes(json["flashes"]);
  if (!isPlainObject(data) || flashes === undefined || typeof createdAt !== "number") return undefined;
  if (owner !== undefined && typeof owner !== "string") return undefined;
  const overrides = readOverrides(json["chosen"]);
  const place = readPlace(json["place"]);
  // Always the same properties in the same order, because V8 is fast with objects of one shape.
  return {
    contents: { data, flashes },
    createdAt,
    owner,
    authenticatedAt: typeof authenticatedAt === "number" ? authenticatedAt : undefined,
    overrides,
    place,
  };
}

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

/** The place of a cookie with these attributes; `undefined` for a cookie without them. */
export function placeOf({ domain, path = "/", partitioned = false }: CookiePlace): CookiePlace | undefined {
  if (domain === undefined && path === "/" && !partitioned) return undefined;
  return { ...(domain !== undefined && { domain }), ...(path !== "/" && { path }), ...(partitioned && { partitioned }) };
}

/** Whether a cookie in one place replaces a cookie in the other. */
export function isSamePlace(one: CookiePlace = {}, other: CookiePlace = {}): boolean {
  return JSON.stringify(placeOf(one)) === JSON.stringify(placeOf(other));
}

function readPlace(json: unknown): CookiePlace | undefined {
  if (!isPlainObject(json)) return undefined;
  const { domain, path, partitioned } = json;
  return {
    ...(typeof domain === "string" && { domain }),
    ...(typeof path === "string" && { path }),
    ...(partitioned === true && { partitioned }),
  };
}

// Lifetimes: the options that override the configuration, and whether a session is alive.

/** How long a session may last. */
export interface Lifetime {
  /** Seconds since its creation. */
  readonly maxAge: number;
  /** Seconds since its last use. */
  readonly idleTimeout: number | undefined;
}

/**
 * Options of one session that override the configured ones. They are saved with the session. A key with the value `undefined` was
 * unset: the configuration applies again.
 */
export interface Overrides {
  readonly maxAge?: number | undefined;
  readonly idleTimeout?: number | undefined;
  /** Attributes of its cookie; `null`: the cookie does not have the attribute, whatever the configuration says. */
  readonly cookie?: Readonly<Record<string, unknown>> | undefined;
}

/** The configured lifetime of a session, and the overrides of this request. */
export interface Limits extends Lifetime {
  readonly overrides?: Overrides | undefined;
}

/** The overrides in decoded JSON; `undefined` for anything else. */
export function readOverrides(json: unknown): Overrides | undefined {
  if (!isPlainObject(json)) return undefined;
  const { maxAge, idleTimeout, cookie } = json;
  return {
    ...(isSeconds(maxAge) && { maxAge }),
    ...(isSeconds(idleTimeout) && { idleTimeout }),
    ...(isPlainObject(cookie) && { cookie }),
  };
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

/** The saved overrides with newer ones; `undefined` if none are left. */
export function mergeOverrides(saved: Overrides | undefined, newer: Overrides | undefined): Overrides | undefined {
  if (newer === undefined) return saved;
  const all = { ...saved, ...newer, ...(newer.cookie !== undefined && { cookie: { ...saved?.cookie, ...newer.cookie } }) };
  const left = Object.entries(all).filter(([, value]) => value !== undefined);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** Whether two sets of overrides are the same. */
export function sameOverrides(one: Overrides | undefined, other: Overrides | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** The lifetime of a session, by the overrides of the request, then those that are saved with the session, then the configuration. */
export function lifetimeOf({ maxAge, idleTimeout, overrides }: Limits, saved: Overrides | undefined): Lifetime {
  const all = mergeOverrides(saved, overrides);
  return { maxAge: all?.maxAge ?? maxAge, idleTimeout: all?.idleTimeout ?? idleTimeout };
}

/** When a session began, was last used, and ends; milliseconds since the Unix epoch. */
export interface Times {
  readonly createdAt: number;
  /** `undefined` if it is not known. */
  readonly usedAt: number | undefined;
  /** The times in its record, if it has one. */
  readonly idleAt?: number;
  readonly expiresAt?: number;
}

/**
 * Whether a session is alive. Loads, lists and commits all ask this function. Both the times in its record and the current
 * configuration are checked, because the configured lifetime may be shorter now.
 */
export function isAlive({ createdAt, usedAt, idleAt, expiresAt }: Times, { maxAge, idleTimeout }: Lifetime, now: number): boolean {
  if ((idleAt !== undefined && now >= idleAt) || (expiresAt !== undefined && now >= expiresAt)) return false;
  if (now >= endAfter(createdAt, maxAge)) return false;
  return idleTimeout === undefined || usedAt === undefined || now < endAfter(usedAt, idleTimeout);
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

/** When something that began at `time` has ended: the first millisecond in which it is older than `seconds`. */
export function endAfter(time: number, seconds: number): number {
  return time + seconds * 1000 + 1;
}

/** The last millisecond before `end`. */
export const lastMillisecond = (end: number): number => end - 1;

/**
 * Seconds without use after which the idle time of a session is moved: a tenth of `idleTimeout`, at least 15 seconds, so that
 * most requests write nothing; at most half of it, so that it is moved before the session ends.
 */
export function renewalAge(idleTimeout: number): number {
  return Math.min(Math.max(15, idleTimeout / 10), idleTimeout / 2);
}
