import { serializeCookie, setCookie } from "@mini/core";
import type { CookieOptions, Logger, Request } from "@mini/core";
import { CookieTooLargeError, biggestKeys } from "../record/too-large.ts";
import type { CookieSettings } from "../settings/settings.ts";

/** Bytes of a Set-Cookie line; browsers drop the cookie over it. */
const longestLine = 4096;

/** Bytes that all attributes together stay under, without the values of Path and Domain. */
const attributeBytes = 160;

/** A cookie's attributes with and without `secure`, each one object for all requests, which the core checks once. */
interface Settled {
  readonly secure: CookieOptions;
  readonly plain: CookieOptions;
}

function settle(cookie: CookieSettings): Settled {
  return { secure: Object.freeze({ ...cookie, secure: true }), plain: Object.freeze({ ...cookie, secure: false }) };
}

/** Sends cookies with whichever response leaves, once their size and attributes are settled. */
export class OutgoingCookies {
  readonly #logger: Logger;
  readonly #settled = new WeakMap<CookieSettings, Settled>();
  #warned = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A cookie's attributes for the running request, `secure: "auto"` decided. */
  attributes(request: Request, cookie: CookieSettings): CookieOptions {
    let settled = this.#settled.get(cookie);
    if (settled === undefined) this.#settled.set(cookie, (settled = settle(cookie)));
    if (cookie.secure !== "auto") return cookie.secure ? settled.secure : settled.plain;
    if (!request.secure) this.#warnOfProxy(request);
    return request.secure ? settled.secure : settled.plain;
  }

  #warnOfProxy(request: Request): void {
    if (this.#warned || request.headers.get("x-forwarded-proto") !== "https") return;
    this.#warned = true;
    this.#logger.warn(
      'A request came with "X-Forwarded-Proto: https" from a peer that trustProxy does not list, so its session cookie is ' +
        "sent without Secure. If the peer is your proxy, list its address in trustProxy. This is logged once.",
    );
  }

  /**
   * @param contents - What the value holds, by key, to say in the error what takes the space.
   * @throws CookieTooLargeError
   */
  send(request: Request, name: string, value: string, cookie: CookieSettings, contents: Readonly<Record<string, unknown>>): void {
    const attributes = this.attributes(request, cookie);
    const { path = "", domain = "" } = attributes;
    if (name.length + value.length + path.length + domain.length + attributeBytes > longestLine) {
      // What is signed or sealed stands in its line as it is.
      const bytes = serializeCookie(name, "", attributes).length + value.length;
      if (bytes > longestLine) throw new CookieTooLargeError(name, bytes, longestLine, biggestKeys(contents));
    }
    setCookie(name, value, attributes);
  }
}
