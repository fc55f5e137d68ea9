import { serializeCookie } from "@mini/core/base";
import type { CookieOptions, Logger } from "@mini/core/base";
import type { BrowserCookies } from "../keeping/keeping.ts";
import type { Contents } from "../record/contents.ts";
import { isSamePlace, type CookiePlace } from "../record/saved-session.ts";
import { biggestKeys, CookieTooLargeError } from "../record/too-large.ts";
import type { CookieSettings } from "../settings/settings.ts";
import type { SentCookies } from "../signing/sent-cookies.ts";
import { isLeftOut, type IncomingRequest, type Head, type OutgoingResponse } from "./head.ts";

/** Bytes of a Set-Cookie line. Browsers drop longer ones. */
const longestLine = 4096;

/** An upper bound for the bytes of all attributes, without the values of Path and Domain. */
const attributeBytes = 160;

/** The attributes of a cookie with and without `secure`. All requests share these objects, so that core checks each only once. */
interface Attributes {
  readonly secure: CookieOptions;
  readonly plain: CookieOptions;
}

/** The attributes of cookies, and their lengths. All requests share one object. */
export class CookieRules {
  readonly logger: Logger;
  readonly #attributes = new WeakMap<CookieSettings, Attributes>();
  #hasWarned = false;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** The attributes of a cookie for a request, which decides what `secure: "auto"` means. */
  attributes(request: IncomingRequest, cookie: CookieSettings): CookieOptions {
    let known = this.#attributes.get(cookie);
    if (known === undefined) {
      known = { secure: Object.freeze({ ...cookie, secure: true }), plain: Object.freeze({ ...cookie, secure: false }) };
      this.#attributes.set(cookie, known);
    }
    if (cookie.secure !== "auto") return cookie.secure ? known.secure : known.plain;
    if (!request.secure) this.#warnOfProxy(request);
    return request.secure ? known.secure : known.plain;
  }

  #warnOfProxy(request: IncomingRequest): void {
    if (this.#hasWarned || request.headers.get("x-forwarded-proto") !== "https") return;
    this.#hasWarned = true;
    this.logger.warn(
      'A session cookie is sent without Secure, although the request has "X-Forwarded-Proto: https": trustProxy does not list its peer. ' +
        "If that is your proxy, list it, or give visit() the option secure.",
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

/** Headers that the caches of networks obey instead of `Cache-Control`: that of RFC 9213, and those of vendors. */
const targeted = [
  "cdn-cache-control",
  "surrogate-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "akamai-cache-control",
  "edge-control",
] as const;

/** The cookies that a response sends for the sessions of its request. It remembers which of them an error response must have too. */
export class ResponseCookies {
  readonly #rules: CookieRules;
  readonly #request: IncomingRequest;
  readonly #head: Head;
  readonly #sent: SentCookies;
  /** By name, the functions that send a cookie again after an error has dropped all cookies. */
  readonly #lasting = new Map<string, () => void>();
  #hasSent = false;
  /** Whether the response shows flash messages, so that caches must not store it. */
  isPersonal = false;

  constructor(rules: CookieRules, request: IncomingRequest, head: Head, sent: SentCookies) {
    this.#rules = rules;
    this.#request = request;
    this.#head = head;
    this.#sent = sent;
  }

  /**
   * Sends a cookie, unless an error drops it later, and clears the cookies that it replaces.
   *
   * @throws CookieTooLargeError
   */
  send(name: string, value: string, cookie: CookieSettings, contents: Contents, before: BrowserCookies): void {
    const attributes = this.#rules.attributes(this.#request, cookie);
    this.#rules.checkLength(name, value, attributes, contents);
    this.#head.setCookie(name, value, attributes);
    for (const [other, otherAttributes] of this.#others(name, attributes, before)) {
      // Not with deleteCookie(), because an error that drops the new cookie must not clear the old one.
      this.#head.setCookie(other, "", { ...otherAttributes, maxAge: 0, expires: longAgo });
    }
    this.#hasSent = true;
  }

  /**
   * Sends a cookie even if an error comes later, because its change was saved already: the client's old cookie may refer to a session
   * that is gone.
   */
  keep(name: string, value: string, cookie: CookieSettings, contents: Contents, before: BrowserCookies): void {
    this.send(name, value, cookie, contents, before);
    this.#lasting.set(name, () => this.send(name, value, cookie, contents, before));
  }

  /** Clears a cookie, and cookies in the browser from earlier settings. */
  clear(name: string, cookie: CookieSettings, before: BrowserCookies): void {
    const attributes = this.#rules.attributes(this.#request, cookie);
    // This includes cookies that were not signed here, because no cookie with this name may be left.
    const names = [...before.names.filter((other) => other !== name), ...this.#sent.valuesOf(name).map(() => name)];
    const all = [[name, attributes] as const, ...this.#others(name, attributes, { ...before, names })];
    const clear = () => all.forEach(([each, its]) => this.#head.deleteCookie(each, its));
    clear();
    this.#hasSent = true;
    this.#lasting.set(name, clear);
  }

  /**
   * The cookies in the browser beside the one with this name and these attributes. A request has the names of its cookies, but not
   * their attributes. So if there are several with one name, or if the name is an old one, all possible attributes are tried.
   */
  #others(name: string, attributes: CookieOptions, { names, place }: BrowserCookies): readonly NamedCookie[] {
    if (names.length < 2 && (names[0] ?? name) === name && (place === undefined || isSamePlace(place, attributes))) return none;
    const host = this.#request.headers.get("host")?.replace(/:\d+$/, "") ?? "";
    const all = [...new Set(names)].flatMap((each): readonly NamedCookie[] => {
      // The prefixes need `secure`. A cookie that may be set without it can only have old names with a prefix.
      const its = each === name ? attributes : { ...attributes, secure: attributes.secure === true || each.startsWith("__") };
      const isAlone = each === name && names.filter((other) => other === name).length === 1;
      const variants = isAlone ? (place === undefined ? [] : [withPlace(its, place)]) : variantsOf(its, place, host);
      return variants.map((variant) => [each, variant]);
    });
    return all.filter(([each, its]) => !(each === name && isSamePlace(its, attributes)) && browsersAccept(each, its));
  }

  /**
   * Whether a cookie of a new session would replace one that the browser has and did not send, such as that of a log-in. A cookie that
   * was cleared in this request may be replaced. Logs a warning if so.
   */
  wouldReplace(name: string, cookie: CookieSettings): boolean {
    if (!isLeftOut(this.#request, cookie) || this.#lasting.has(name) || this.#sent.valuesOf(name).length > 0) return false;
    this.#rules.logger.warn(
      `The changes of a new session were dropped: with a request from another site, the browser does not send the cookie ${name}, which a new ` +
        "one would replace. Redirect to a page that makes the changes; for a log-in, call session.regenerate().",
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

  /**
   * Keeps shared caches from storing a response with a session's cookie, and all caches from storing a response with flash
   * messages.
   */
  guard(response: OutgoingResponse): void {
    if (!this.#hasSent && !this.isPersonal) return;
    const isGuarded = this.isPersonal ? isNoStore : isPrivate;
    if (!isGuarded.test(response.headers.get("cache-control") ?? "")) this.#head.setHeader("cache-control", "no-store");
    for (const name of targeted) {
      const value = response.headers.get(name);
      if (value !== null && !isPrivate.test(value)) this.#head.setHeader(name, "no-store");
    }
  }
}

type NamedCookie = readonly [name: string, attributes: CookieOptions];

const none: readonly NamedCookie[] = [];

const longAgo = new Date(0);

/** The attributes of a cookie with another domain, path or partition. */
function withPlace(attributes: CookieOptions, { domain, path = "/", partitioned = false }: CookiePlace): CookieOptions {
  return { ...attributes, domain, path, partitioned, ...(partitioned && { secure: true, sameSite: "none" as const }) };
}

/** The cookies with one name that a browser can have at the same time: with and without a domain, and partitioned or not. */
function variantsOf(attributes: CookieOptions, place: CookiePlace | undefined, host: string): readonly CookieOptions[] {
  // An IP address has no parent domains.
  const labels = /\.\d+$/.test(host) ? [] : host.split(".");
  const domains = new Set([attributes.domain, place?.domain, undefined, ...labels.slice(1).map((_label, i) => labels.slice(i).join("."))]);
  const paths = new Set([attributes.path, place?.path, "/"]);
  const sites = attributes.secure === true ? [false, true] : [false];
  return sites.flatMap((partitioned) =>
    [...domains].flatMap((domain) => [...paths].map((path) => withPlace(attributes, { domain, path, partitioned }))),
  );
}

/** Whether browsers accept a cookie with this name and these attributes. */
function browsersAccept(name: string, attributes: CookieOptions): boolean {
  try {
    serializeCookie(name, "", attributes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
