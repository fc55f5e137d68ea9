import { serializeCookie } from "@mini/core/base";
import type { CookieOptions, Logger } from "@mini/core/base";
import type { Contents } from "../record/contents.ts";
import { biggestKeys, CookieTooLargeError } from "../record/too-large.ts";
import type { CookieSettings } from "../settings/settings.ts";
import type { SentCookies } from "../signing/signing.ts";
import { isLeftOut, type AskedRequest, type Head, type LeavingResponse } from "./head.ts";

/** Bytes of a Set-Cookie line. Browsers drop longer ones. */
const longestLine = 4096;

/** An upper bound for the bytes of all attributes, without the values of Path and Domain. */
const attributeBytes = 160;

/** The attributes of a cookie with and without `secure`. Each is one object for all requests, so that core checks it once. */
interface Attributes {
  readonly secure: CookieOptions;
  readonly plain: CookieOptions;
}

/** The attributes of cookies, and their lengths. One for all requests. */
export class CookieRules {
  readonly logger: Logger;
  readonly #attributes = new WeakMap<CookieSettings, Attributes>();
  #hasWarned = false;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** The attributes of a cookie for a request, which decides what `secure: "auto"` means. */
  attributes(request: AskedRequest, cookie: CookieSettings): CookieOptions {
    let known = this.#attributes.get(cookie);
    if (known === undefined) {
      known = { secure: Object.freeze({ ...cookie, secure: true }), plain: Object.freeze({ ...cookie, secure: false }) };
      this.#attributes.set(cookie, known);
    }
    if (cookie.secure !== "auto") return cookie.secure ? known.secure : known.plain;
    if (!request.secure) this.#warnOfProxy(request);
    return request.secure ? known.secure : known.plain;
  }

  #warnOfProxy(request: AskedRequest): void {
    if (this.#hasWarned || request.headers.get("x-forwarded-proto") !== "https") return;
    this.#hasWarned = true;
    this.logger.warn(
      'A request came with "X-Forwarded-Proto: https" from a peer that trustProxy does not list, so its session cookie is ' +
        "sent without Secure. If the peer is your proxy, list its address in trustProxy, or give visit() the option secure. This is logged once.",
    );
  }

  /**
   * @param contents - What the value holds, so that the error can name the biggest keys.
   * @throws CookieTooLargeError
   */
  checkLength(name: string, value: string, attributes: CookieOptions, contents: Contents): void {
    const { path = "", domain = "" } = attributes;
    if (name.length + value.length + path.length + domain.length + attributeBytes > longestLine) {
      // A signed or encrypted value needs no encoding in the line.
      const bytes = serializeCookie(name, "", attributes).length + value.length;
      if (bytes > longestLine) throw new CookieTooLargeError(name, bytes, longestLine, biggestKeys(contents));
    }
  }
}

const isNoStore = /(?:^|,)\s*no-store\s*(?:,|$)/i;
const isPrivate = /(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i;

/** Headers that a cache of a network obeys in place of `Cache-Control`. RFC 9213, and those of vendors. */
const targeted = [
  "cdn-cache-control",
  "surrogate-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "akamai-cache-control",
  "edge-control",
] as const;

/** The cookies that one request sends for its sessions. Remembers which of them an error response must have too. */
export class RequestCookies {
  readonly #rules: CookieRules;
  readonly #request: AskedRequest;
  readonly #head: Head;
  readonly #sent: SentCookies;
  /** By name, a function that sends the cookie again after an error has dropped all cookies. */
  readonly #lasting = new Map<string, () => void>();
  #hasSent = false;
  /** Whether the response shows what no cache may show again. */
  isPersonal = false;

  constructor(rules: CookieRules, request: AskedRequest, head: Head, sent: SentCookies) {
    this.#rules = rules;
    this.#request = request;
    this.#head = head;
    this.#sent = sent;
  }

  /** Sends a cookie, unless an error drops it later. @throws CookieTooLargeError */
  send(name: string, value: string, cookie: CookieSettings, contents: Contents): void {
    const attributes = this.#rules.attributes(this.#request, cookie);
    this.#rules.checkLength(name, value, attributes, contents);
    this.#head.setCookie(name, value, attributes);
    this.#hasSent = true;
  }

  /**
   * Sends a cookie even if an error comes later, because its change was saved already: the client's old cookie may refer to a session
   * that is gone.
   */
  keep(name: string, value: string, cookie: CookieSettings, contents: Contents): void {
    this.send(name, value, cookie, contents);
    this.#lasting.set(name, () => this.send(name, value, cookie, contents));
  }

  /**
   * Clears a cookie, and with it others of this name that a browser may have of earlier settings. Only if the client sent several
   * values under the name, there are others.
   */
  clear(name: string, cookie: CookieSettings): void {
    const attributes = this.#rules.attributes(this.#request, cookie);
    const hasOthers = this.#sent.valuesOf(name).length > 1;
    const variants = hasOthers ? variantsOf(name, attributes, this.#request) : [attributes];
    const clear = () => variants.forEach((variant) => this.#head.deleteCookie(name, variant));
    clear();
    this.#hasSent = true;
    this.#lasting.set(name, clear);
  }

  /**
   * Whether a cookie of a new session would replace one that the browser has and did not send, such as that of a log-in. A cookie that
   * was cleared in this request may be replaced. If so, it is logged.
   */
  wouldReplace(name: string, cookie: CookieSettings): boolean {
    if (!isLeftOut(this.#request, cookie) || this.#lasting.has(name) || this.#sent.valuesOf(name).length > 0) return false;
    this.#rules.logger.warn(
      `The changes of a new session were dropped: the request came from another site, so the browser left the cookie ${name} out, and a new ` +
        "one would replace it and log the visitor out. Redirect to a page that makes the changes; for a log-in, call session.regenerate().",
    );
    return true;
  }

  /** Sends again the cookies that an error response must have too. */
  restore(): void {
    this.#lasting.forEach((send) => send());
  }

  /** Sends them again when the error that is thrown next has dropped all cookies. */
  restoreLater(): void {
    this.#head.beforeHead((response) => {
      this.restore();
      this.guard(response);
    });
  }

  /** Keeps shared caches from storing a response with a session's cookie, and all caches from storing one with flash messages. */
  guard(response: LeavingResponse): void {
    if (!this.#hasSent && !this.isPersonal) return;
    const isGuarded = this.isPersonal ? isNoStore : isPrivate;
    if (!isGuarded.test(response.headers.get("cache-control") ?? "")) this.#head.setHeader("cache-control", "no-store");
    for (const name of targeted) {
      const value = response.headers.get(name);
      if (value !== null && !isPrivate.test(value)) this.#head.setHeader(name, "no-store");
    }
  }
}

/**
 * The cookies of one name that a browser keeps beside each other, the one with these attributes first: with and without a
 * domain, and for each top-level site or not. A request tells how many cookies it has, but not where they come from.
 */
function variantsOf(name: string, attributes: CookieOptions, request: AskedRequest): readonly CookieOptions[] {
  const host = request.headers.get("host")?.replace(/:\d+$/, "") ?? "";
  // An address has no domains above it.
  const labels = /\.\d+$/.test(host) ? [] : host.split(".");
  const domains = new Set([attributes.domain, undefined, ...labels.slice(1).map((_label, i) => labels.slice(i).join("."))]);
  const paths = new Set([attributes.path, "/"]);
  const others = [...domains].flatMap((domain) =>
    [...paths].flatMap((path) => [
      { ...attributes, domain, path, partitioned: false },
      { ...attributes, domain, path, partitioned: true, sameSite: "none" as const },
    ]),
  );
  const own = placeOf(attributes);
  return [attributes, ...others.filter((other) => placeOf(other) !== own && canBe(name, other))];
}

/** What tells apart the cookies of one name that a browser keeps. */
const placeOf = ({ domain, path, partitioned }: CookieOptions) => JSON.stringify([domain, path, partitioned === true]);

/** Whether browsers take a cookie of this name with these attributes. */
function canBe(name: string, attributes: CookieOptions): boolean {
  try {
    serializeCookie(name, "", attributes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
