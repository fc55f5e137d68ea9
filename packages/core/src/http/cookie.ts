import { decoded } from "./decoded.ts";
import { checkHeader, flatValue, isBlank, isToken, trimPart, without, type FlatHeaders } from "./headers.ts";
import type { Response } from "./response.ts";

/** Attributes of a cookie; RFC 6265bis §4.1. */
export interface CookieOptions {
  /** Lifetime in seconds, capped at 400 days as in browsers. Default: until the browser closes. */
  readonly maxAge?: number | undefined;
  /** For clients that do not know Max-Age. Default: none. */
  readonly expires?: Date | undefined;
  /** Sent to this domain and its subdomains. Default: to this host only. */
  readonly domain?: string | undefined;
  /** Sent to this path and those below it. Default `/`. */
  readonly path?: string | undefined;
  /** Sent over https only. Default false. */
  readonly secure?: boolean | undefined;
  /** Hidden from scripts. Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default `lax`. `none` needs `secure`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** Stored separately for each top-level site (CHIPS). Needs `secure`. */
  readonly partitioned?: boolean | undefined;
}

/** Longest lifetime of a cookie in browsers, in seconds. RFC 6265bis §5.5. */
const longestAge = 400 * 24 * 60 * 60;

/** Longest attribute, and longest name and value together, in bytes; browsers ignore longer ones. RFC 6265bis §5.6 and §5.7. */
const longestAttribute = 1024;
const longestPair = 4096;

const cookiePath = /^\/[\x21-\x3a\x3c-\x7e]*$/;
const cookieDomain = /^\.?[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i;
const sameSites: ReadonlySet<unknown> = new Set(["strict", "lax", "none"]);

const plainValue = /^[\w.~!*'()-]*$/;

/** The value, in percent-encoding if it has characters that a cookie cannot have; base64url is unchanged. */
const encode = (value: string) => (plainValue.test(value) ? value : encodeURIComponent(value));

/** Whether browsers can read the date: its year is from 1601 to 9999. RFC 6265bis §5.1.1. */
function isCookieDate(date: unknown): boolean {
  if (!(date instanceof Date)) return false;
  const year = date.getUTCFullYear();
  return year >= 1601 && year <= 9999;
}

/** Which rule of a prefix in the name the options break. RFC 6265bis §4.1.3, and its successor for `__Http-`. */
function prefixProblem(name: string, { secure, httpOnly, path, domain }: CookieOptions): string | undefined {
  const prefix = /^__(?:secure|host-http|host|http)-/i.exec(name)?.[0];
  const kind = prefix?.toLowerCase();
  if (prefix === undefined || kind === undefined) return undefined;
  if (!secure) return `a name with "${prefix}" needs secure: true`;
  if (kind.includes("http-") && !httpOnly) return `a name with "${prefix}" needs httpOnly: true`;
  return kind.startsWith("__host-") && (path !== "/" || domain !== undefined)
    ? `a name with "${prefix}" needs path "/" and no domain`
    : undefined;
}

/** Why browsers would drop a cookie or change its attributes; `undefined`: they would not. */
function problemOf(name: string, value: unknown, options: CookieOptions): string | undefined {
  const { maxAge, expires, domain, path = "/", secure, sameSite, partitioned } = options;
  if (!isToken(name)) return "a name may have only letters, digits and !#$%&'*+-.^_`|~";
  if (typeof value !== "string" || !value.isWellFormed()) return "its value must be well-formed text";
  if (name.length + encode(value).length > longestPair) return `name and value have more than ${longestPair} bytes`;
  if (maxAge !== undefined && !Number.isFinite(maxAge)) return "maxAge must be a number of seconds";
  if (expires !== undefined && !isCookieDate(expires)) return "expires must be a Date of the years 1601 to 9999";
  if (domain !== undefined && !cookieDomain.test(domain)) return "domain must be a host name";
  if (!cookiePath.test(path)) return 'path must begin with "/" and have only characters of a path';
  if (path.length > longestAttribute || (domain?.length ?? 0) > longestAttribute)
    return `path or domain has more than ${longestAttribute} bytes`;
  if (!sameSites.has(sameSite)) return 'sameSite must be "strict", "lax" or "none"';
  if (sameSite === "none" && !secure) return 'sameSite "none" needs secure: true';
  if (partitioned && !secure) return "partitioned needs secure: true";
  return prefixProblem(name, options);
}

/** Whether an object can never change: it is a frozen plain object without accessors. */
function isConstant(options: object): boolean {
  if (!Object.isFrozen(options) || Object.getPrototypeOf(options) !== Object.prototype) return false;
  return Object.values(Object.getOwnPropertyDescriptors(options)).every((property) => "value" in property);
}

/** What follows the value in a line of Set-Cookie. The attributes were checked, so none has a semicolon. RFC 6265bis §4.1.1. */
function attributesOf({ maxAge, domain, path, expires, httpOnly, secure, partitioned, sameSite = "lax" }: CookieOptions): string {
  const age = maxAge === undefined ? undefined : Math.max(0, Math.min(longestAge, Math.trunc(maxAge)));
  let text = "";
  if (age !== undefined) text += `; Max-Age=${age}`;
  if (domain !== undefined) text += `; Domain=${domain}`;
  text += `; Path=${path}`;
  if (expires !== undefined) text += `; Expires=${expires.toUTCString()}`;
  if (httpOnly) text += "; HttpOnly";
  if (secure) text += "; Secure";
  if (partitioned) text += "; Partitioned";
  return `${text}; SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`;
}

/** For options that cannot change: the cookie name they were checked for, and the attributes that follow the value. */
const checkedOptions = new WeakMap<CookieOptions, { readonly name: string; readonly attributes: string }>();

/**
 * The value of a Set-Cookie header. Frozen options are checked once for each name.
 *
 * @throws TypeError for a cookie that browsers would drop or change: a name that is not a token, name and value over 4096 bytes, a
 *   path or domain that is malformed or over 1024 bytes, `sameSite: "none"` or `partitioned` without `secure`, and a `__Host-`,
 *   `__Secure-` or `__Http-` name whose rules the options break (RFC 6265bis §4.1.3).
 */
export function serializeCookie(name: string, value: string, options: CookieOptions = {}): string {
  const found = checkedOptions.get(options);
  if (found?.name === name && typeof value === "string" && plainValue.test(value) && name.length + value.length <= longestPair) {
    return `${name}=${value}${found.attributes}`;
  }
  const { maxAge, expires, domain, path = "/", secure = false, httpOnly = true, sameSite = "lax", partitioned = false } = options;
  const complete = { maxAge, expires, domain, path, secure, httpOnly, sameSite, partitioned };
  const problem = problemOf(name, value, complete);
  if (problem !== undefined) throw new TypeError(`Cannot set the cookie ${JSON.stringify(name)}: ${problem}.`);
  const attributes = attributesOf(complete);
  // A Date in frozen options can still change.
  if (expires === undefined && isConstant(options)) checkedOptions.set(options, { name, attributes });
  return `${name}=${encode(value)}${attributes}`;
}

/** Calls `found` with each name and raw value of a Cookie header, in order, until it returns false. RFC 6265 §5.4. */
function scan(header: string, found: (name: string, value: string) => boolean): void {
  for (let start = 0; start < header.length;) {
    let end = header.indexOf(";", start);
    if (end === -1) end = header.length;
    const equals = header.indexOf("=", start);
    if (equals !== -1 && equals < end) {
      if (!found(trimPart(header, start, equals, isBlank), trimPart(header, equals + 1, end, isBlank))) return;
    }
    start = end + 1;
  }
}

function decode(raw: string): string {
  const value = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  // The value of the cookie of another program may have other percent signs.
  return value.includes("%") ? (decoded(value) ?? value) : value;
}

/**
 * All cookies of a Cookie header; of equal names, the first counts. Never throws: a part that is not a pair is skipped, and a value
 * with malformed percent-encoding stays as it was sent.
 */
export function parseCookies(header: string | null | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  if (!header) return cookies;
  scan(header, (name, value) => {
    if (!cookies.has(name)) cookies.set(name, decode(value));
    return true;
  });
  return cookies;
}

/**
 * All values of the cookies with a name, in order. A browser sends several when cookies of different paths or domains share a
 * name; any of them may be forged by a neighboring host.
 *
 * @param limit - The most values to return; later ones are not read.
 * @param read - Converts a value that was sent; left out, values are decoded as by {@link parseCookies}.
 */
export function cookieValues(
  header: string | null | undefined,
  name: string,
  limit = Infinity,
  read: (sent: string) => string = decode,
): string[] {
  const values: string[] = [];
  if (!header || !header.includes(name)) return values;
  scan(header, (found, value) => {
    if (found === name) values.push(read(value));
    return values.length < limit;
  });
  return values;
}

/** A function that runs once, after all hooks, before status and headers are sent. */
export type HeadFunction = (response: Response) => void | Promise<void>;

interface HeadCookie {
  /** A cookie replaces an earlier one with the same key. */
  readonly key: string;
  readonly line: string;
  readonly clearing: boolean;
}

/** What a request adds to the head of its response, whichever response that is: cookies, headers, and functions to run before it is sent. */
export class AddedHead {
  #cookies: HeadCookie[] = [];
  #headers: FlatHeaders = [];
  readonly #functions: HeadFunction[] = [];
  /** The path of cookies without a path; empty for the root. */
  readonly #basePath: string;

  constructor(basePath: string) {
    this.#basePath = basePath;
  }

  /** @param write - `serializeCookie`, which only the functions that set cookies load. */
  setCookie(write: typeof serializeCookie, name: string, value: string, given: CookieOptions, clearing: boolean): void {
    // Browsers keep a __Host- cookie only with the path "/".
    const getsBasePath = this.#basePath !== "" && given.path === undefined && !/^__host-/i.test(name);
    const options = getsBasePath ? { ...given, path: this.#basePath } : given;
    const line = write(name, value, options);
    // Browsers replace a cookie by another one with the same key. They keep a partitioned cookie beside an unpartitioned
    // one of the same name.
    const { domain = "", path = "/", partitioned = false } = options;
    const key = `${name};${domain.replace(/^\./, "").toLowerCase()};${path};${partitioned}`;
    this.#cookies = [...this.#cookies.filter((cookie) => cookie.key !== key), { key, line, clearing }];
  }

  setHeader(name: string, value: string): void {
    checkHeader(name, value);
    const lower = name.toLowerCase();
    this.#headers = [...without(this.#headers, lower), lower, value];
  }

  /** Adds a function that runs before the head is sent. */
  addFunction(work: HeadFunction): void {
    this.#functions.push(work);
  }

  /** Removes and returns the function that was registered last; `undefined` when all have run. */
  takeFunction(): HeadFunction | undefined {
    return this.#functions.pop();
  }

  /** Drops cookies and headers after an error, except those that clear a cookie. */
  drop(): void {
    this.#cookies = this.#cookies.filter(({ clearing }) => clearing);
    this.#headers = [];
  }

  /** The headers of a response with those of the request. */
  merge(headers: FlatHeaders): FlatHeaders {
    const merged: FlatHeaders = [];
    for (const flat of [headers, this.#headers]) {
      for (let i = 0; i < flat.length; i += 2) {
        const name = flat[i]!;
        const isReplaced = flat === headers && flatValue(this.#headers, name) !== undefined;
        if (!isReplaced) merged.push(name, flat[i + 1]!);
      }
    }
    for (const { line } of this.#cookies) merged.push("set-cookie", line);
    return merged;
  }
}
