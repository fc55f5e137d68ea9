import { deleteCookie, serializeCookie, setCookie, setHeader } from "@mini/core";
import type { CookieOptions, Logger, Request, Response } from "@mini/core";
import type { Contents } from "../record/contents.ts";
import { biggestKeys, CookieTooLargeError } from "../record/too-large.ts";
import type { CookieSettings } from "../settings/settings.ts";

/** Bytes of a Set-Cookie line. Browsers drop longer ones. */
const longestLine = 4096;

/** An upper bound for the bytes of all attributes, without the values of Path and Domain. */
const attributeBytes = 160;

/** The attributes of a cookie with and without `secure`. Each is one object for all requests, so that core checks it once. */
interface Attributes {
  readonly secure: CookieOptions;
  readonly plain: CookieOptions;
}

/** Sends cookies with the response of the running request. One for all requests. */
export class CookieSender {
  readonly #logger: Logger;
  readonly #attributes = new WeakMap<CookieSettings, Attributes>();
  #hasWarned = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The attributes of a cookie for a request, which decides what `secure: "auto"` means. */
  attributes(request: Request, cookie: CookieSettings): CookieOptions {
    let known = this.#attributes.get(cookie);
    if (known === undefined) {
      known = { secure: Object.freeze({ ...cookie, secure: true }), plain: Object.freeze({ ...cookie, secure: false }) };
      this.#attributes.set(cookie, known);
    }
    if (cookie.secure !== "auto") return cookie.secure ? known.secure : known.plain;
    if (!request.secure) this.#warnOfProxy(request);
    return request.secure ? known.secure : known.plain;
  }

  #warnOfProxy(request: Request): void {
    if (this.#hasWarned || request.headers.get("x-forwarded-proto") !== "https") return;
    this.#hasWarned = true;
    this.#logger.warn(
      'A request came with "X-Forwarded-Proto: https" from a peer that trustProxy does not list, so its session cookie is ' +
        "sent without Secure. If the peer is your proxy, list its address in trustProxy. This is logged once.",
    );
  }

  /**
   * @param contents - What the value holds, so that the error can name the biggest keys.
   * @throws CookieTooLargeError
   */
  send(request: Request, name: string, value: string, cookie: CookieSettings, contents: Contents): void {
    const attributes = this.attributes(request, cookie);
    const { path = "", domain = "" } = attributes;
    if (name.length + value.length + path.length + domain.length + attributeBytes > longestLine) {
      // A signed or encrypted value needs no encoding in the line.
      const bytes = serializeCookie(name, "", attributes).length + value.length;
      if (bytes > longestLine) throw new CookieTooLargeError(name, bytes, longestLine, biggestKeys(contents));
    }
    setCookie(name, value, attributes);
  }
}

const isPrivate = /(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i;

/** The cookies that one request sends for its sessions. Remembers which of them an error response must have too. */
export class RequestCookies {
  readonly #sender: CookieSender;
  readonly #request: Request;
  /** By name, a function that sends the cookie again after an error has dropped all cookies. */
  readonly #lasting = new Map<string, () => void>();
  #hasSent = false;

  constructor(sender: CookieSender, request: Request) {
    this.#sender = sender;
    this.#request = request;
  }

  /** Sends a cookie, unless an error drops it later. @throws CookieTooLargeError */
  send(name: string, value: string, cookie: CookieSettings, contents: Contents): void {
    this.#sender.send(this.#request, name, value, cookie, contents);
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

  clear(name: string, cookie: CookieSettings): void {
    const clear = () => deleteCookie(name, this.#sender.attributes(this.#request, cookie));
    clear();
    this.#hasSent = true;
    this.#lasting.set(name, clear);
  }

  /** Sends again the cookies that an error response must have too. */
  restore(): void {
    this.#lasting.forEach((send) => send());
  }

  /** Keeps shared caches from storing a response with a session's cookie. */
  guard(response: Response): void {
    if (this.#hasSent && !isPrivate.test(response.headers.get("cache-control") ?? "")) setHeader("cache-control", "no-store");
  }
}
