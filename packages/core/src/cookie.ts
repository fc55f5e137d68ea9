import { stringifySetCookie } from "cookie";

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

const plainValue = /^[\w.~!*'()-]*$/;

/** What a cookie can not hold as it is, percent-encoded; base64url and its like stay as they are. */
const encode = (value: string) => (plainValue.test(value) ? value : encodeURIComponent(value));

/**
 * The value of a Set-Cookie header.
 *
 * @throws TypeError for a name, value, path or domain that a cookie can not have, for `sameSite: "none"` or
 *   `partitioned` without `secure`, and for a `__Host-` or `__Secure-` name whose rules the options break
 *   (RFC 6265bis §4.1.3).
 */
export function serializeCookie(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAge, expires, domain, path = "/", secure = false, httpOnly = true, sameSite = "lax", partitioned = false } = options;
  const refuse = (problem: string): never => {
    throw new TypeError(`Cannot set the cookie ${JSON.stringify(name)}: ${problem}.`);
  };
  if (typeof value !== "string" || !value.isWellFormed()) refuse("its value is no well-formed text");
  if (maxAge !== undefined && !Number.isFinite(maxAge)) refuse("maxAge is no number of seconds");
  if (sameSite === "none" && !secure) refuse('sameSite "none" needs secure: true');
  if (partitioned && !secure) refuse("partitioned needs secure: true");
  if (/^__secure-/i.test(name) && !secure) refuse('a name with "__Secure-" needs secure: true');
  if (/^__host-/i.test(name) && (!secure || path !== "/" || domain !== undefined)) {
    refuse('a name with "__Host-" needs secure: true, path "/" and no domain');
  }
  const age = maxAge === undefined ? undefined : Math.max(0, Math.min(longestAge, Math.trunc(maxAge)));
  try {
    return stringifySetCookie(
      {
        name,
        value,
        path,
        httpOnly,
        secure,
        sameSite,
        partitioned,
        ...(age !== undefined && { maxAge: age }),
        ...(expires !== undefined && { expires }),
        ...(domain !== undefined && { domain }),
      },
      { encode },
    );
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const blank = /^[ \t]+|[ \t]+$/g;

/** Calls `found` with each name and raw value of a Cookie header, in order, until it gives false. RFC 6265 §5.4. */
function scan(header: string, found: (name: string, value: string) => boolean): void {
  for (let start = 0; start < header.length;) {
    let end = header.indexOf(";", start);
    if (end === -1) end = header.length;
    const equals = header.indexOf("=", start);
    if (equals !== -1 && equals < end) {
      const name = header.slice(start, equals).replace(blank, "");
      if (!found(name, header.slice(equals + 1, end).replace(blank, ""))) return;
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
