import { isPlainObject, noContents, readFlashes, type Contents } from "./contents.ts";

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

/** The fields of a session's JSON that only a record has. */
interface RecordFields {
  readonly form?: number;
  readonly handle?: string;
  readonly epoch?: number | undefined;
  readonly idleTimeout?: number | undefined;
}

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
