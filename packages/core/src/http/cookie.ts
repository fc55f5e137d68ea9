import { stringifySetCookie } from "cookie";
import { isToken, trimPart } from "./field-syntax.ts";

/** Attributes of a cookie; RFC 6265bis §4.1. */
export interface CookieOptions {
  /** Life in seconds, at most 400 days, which is where browsers cap it; left out, until the browser closes. */
  readonly maxAge?: number | undefined;
  /** For clients that do not know Max-Age; left out, computed by them from `maxAge`. */
  readonly expires?: Date | undefined;
  /** Also sent to the subdomains of this one; left out, to this host only. */
  readonly domain?: string | undefined;
  /** Sent to paths below this one. Default `/`. */
  readonly path?: string | undefined;
  /** Sent over https only. Default false. */
  readonly secure?: boolean | undefined;
  /** Hidden from scripts. Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default `lax`. `none` needs `secure`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** Kept apart for each top-level site (CHIPS). Needs `secure`. */
  readonly partitioned?: boolean | undefined;
}

/** Browsers keep a cookie for no longer (RFC 6265bis §5.5), in seconds. */
const longestAge = 400 * 24 * 60 * 60;

/** Past these, in bytes, browsers ignore an attribute, and a cookie (RFC 6265bis §5.6 and §5.7). */
const longestAttribute = 1024;
const longestPair = 4096;

const cookiePath = /^\/[\x21-\x3a\x3c-\x7e]*$/;
const cookieDomain = /^\.?[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i;
const sameSites: ReadonlySet<unknown> = new Set(["strict", "lax", "none"]);

const plainValue = /^[\w.~!*'()-]*$/;

/** What a cookie can not hold as it is, percent-encoded; base64url and its like stay as they are. */
const encode = (value: string) => (plainValue.test(value) ? value : encodeURIComponent(value));

/** Whether browsers can read the date: they do not know years before 1601, nor any of five digits (RFC 6265bis §5.1.1). */
function isCookieDate(date: unknown): boolean {
  if (!(date instanceof Date)) return false;
  const year = date.getUTCFullYear();
  return year >= 1601 && year <= 9999;
}

/** What is wrong with the rules that a prefix of the name promises (RFC 6265bis §4.1.3, and its successor for `__Http-`). */
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

/** Why browsers would drop a cookie, or keep it otherwise than it says; `undefined`: they do not. */
function problemOf(name: string, value: unknown, options: CookieOptions): string | undefined {
  const { maxAge, expires, domain, path = "/", secure, sameSite, partitioned } = options;
  if (!isToken(name)) return "a name has letters, digits and !#$%&'*+-.^_`|~ only";
  if (typeof value !== "string" || !value.isWellFormed()) return "its value is no well-formed text";
  if (name.length + encode(value).length > longestPair) return `name and value have more than ${longestPair} bytes`;
  if (maxAge !== undefined && !Number.isFinite(maxAge)) return "maxAge is no number of seconds";
  if (expires !== undefined && !isCookieDate(expires)) return "expires is no Date of the years 1601 to 9999";
  if (domain !== undefined && !cookieDomain.test(domain)) return "domain is no host name";
  if (!cookiePath.test(path)) return 'path does not begin with "/", or has a character that no path has';
  if (path.length > longestAttribute || (domain?.length ?? 0) > longestAttribute)
    return `path or domain has more than ${longestAttribute} bytes`;
  if (!sameSites.has(sameSite)) return 'sameSite is none of "strict", "lax" and "none"';
  if (sameSite === "none" && !secure) return 'sameSite "none" needs secure: true';
  if (partitioned && !secure) return "partitioned needs secure: true";
  return prefixProblem(name, options);
}

/** Whether an object gives the same for ever: frozen, with no accessor, and nothing inherited. */
function isConstant(options: object): boolean {
  if (!Object.isFrozen(options) || Object.getPrototypeOf(options) !== Object.prototype) return false;
  return Object.values(Object.getOwnPropertyDescriptors(options)).every((property) => "value" in property);
}

/** Of options that can not change: the name they were found right for, and what follows the value in the line. */
const known = new WeakMap<CookieOptions, { readonly name: string; readonly attributes: string }>();

/**
 * The value of a Set-Cookie header. Frozen options are looked at once for a name.
 *
 * @throws TypeError for what no cookie can be, and for what browsers would drop or keep otherwise: a name that is no
 *   token, name and value over 4096 bytes, a path or domain that is none or over 1024 bytes, `sameSite: "none"` or
 *   `partitioned` without `secure`, and a `__Host-`, `__Secure-` or `__Http-` name whose rules the options break
 *   (RFC 6265bis §4.1.3).
 */
export function serializeCookie(name: string, value: string, options: CookieOptions = {}): string {
  const found = known.get(options);
  if (found?.name === name && typeof value === "string" && plainValue.test(value) && name.length + value.length <= longestPair) {
    return `${name}=${value}${found.attributes}`;
  }
  const { maxAge, expires, domain, path = "/", secure = false, httpOnly = true, sameSite = "lax", partitioned = false } = options;
  const cookie = {
    path,
    httpOnly,
    secure,
    sameSite,
    partitioned,
    ...(expires !== undefined && { expires }),
    ...(domain !== undefined && { domain }),
  };
  const problem = problemOf(name, value, maxAge === undefined ? cookie : { ...cookie, maxAge });
  if (problem !== undefined) throw new TypeError(`Cannot set the cookie ${JSON.stringify(name)}: ${problem}.`);
  const age = maxAge === undefined ? undefined : Math.max(0, Math.min(longestAge, Math.trunc(maxAge)));
  const line = stringifySetCookie({ ...cookie, name, value, ...(age !== undefined && { maxAge: age }) }, { encode });
  // A date can be changed all the same; an encoded value has no semicolon.
  if (expires === undefined && isConstant(options)) known.set(options, { name, attributes: line.slice(line.indexOf(";")) });
  return line;
}

/** Optional whitespace, RFC 9110 §5.6.3. */
const isSpace = (code: number) => code === 0x20 || code === 0x09;

/** Calls `found` with each name and raw value of a Cookie header, in order, until it gives false. RFC 6265 §5.4. */
function scan(header: string, found: (name: string, value: string) => boolean): void {
  for (let start = 0; start < header.length;) {
    let end = header.indexOf(";", start);
    if (end === -1) end = header.length;
    const equals = header.indexOf("=", start);
    if (equals !== -1 && equals < end) {
      if (!found(trimPart(header, start, equals, isSpace), trimPart(header, equals + 1, end, isSpace))) return;
    }
    start = end + 1;
  }
}

function decode(raw: string): string {
  const value = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // Only URIError comes from here: another program's cookie, kept as it is.
    return value;
  }
}

/**
 * All cookies of a Cookie header; the first of equal names counts. Any header is accepted: a part that is no
 * pair is passed over, and a value whose percent-encoding is malformed is given as it came.
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
 * Every value a Cookie header has under exactly this name, in order. A browser sends several when cookies of
 * different paths or domains share a name; any of them may be a forgery by a neighbouring host.
 *
 * @param limit - Most values given back; later ones are not looked at.
 */
export function cookieValues(header: string | null | undefined, name: string, limit = Infinity): string[] {
  const values: string[] = [];
  if (!header || !header.includes(name)) return values;
  scan(header, (found, value) => {
    if (found === name) values.push(decode(value));
    return values.length < limit;
  });
  return values;
}
