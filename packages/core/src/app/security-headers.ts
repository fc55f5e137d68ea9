import { randomBytes } from "node:crypto";
import type { Application } from "../context/application.ts";
import type { Context } from "../context/context.ts";
import { setLocal, storage } from "../context/running-request.ts";
import { ConfigError } from "../http/errors.ts";
import type { Middleware } from "./handler.ts";
import { completeHeaders } from "./middleware.ts";
import { useNonces } from "../http/html.ts";
import { checkHeader, flatValue, type FlatHeaders } from "../http/headers.ts";

declare module "../context/application.ts" {
  interface Config {
    /**
     * Headers for {@link SecurityHeaders}, by name in lower case. They replace its headers or are added; `false` removes a header.
     */
    readonly securityHeaders?: Readonly<Record<string, string | false>> | undefined;
  }
}

declare module "../context/running-request.ts" {
  interface Local {
    /** The nonce of this request's policy, if `config.securityHeaders` has a policy with the source `'nonce'`. */
    readonly cspNonce: string;
  }
}

const strictTransportSecurity = "strict-transport-security";

/** Where a policy of `config.securityHeaders` has the nonce of the request. */
const nonceSource = / 'nonce'(?=[ ;]|$)/g;

const defaults: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "referrer-policy": "strict-origin-when-cross-origin",
  [strictTransportSecurity]: "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
};

/**
 * Adds headers by which browsers restrict the pages of a site: scripts, styles and forms only from the site itself, no frames, no
 * guessed content types, and only https once the site was visited over https. A header that a response already has is kept.
 *
 * List it as middleware. In the list of the application, it is for every response, including those that do not pass hooks:
 * refusals, redirects, pages of errors after all hooks. In the list of a handler, it is for every response to a request of that
 * handler.
 *
 * `config.securityHeaders` changes them, and the source `'nonce'` in a policy stands for a nonce that is made for each request: `{ "content-security-policy": "default-src 'self' https://cdn.example", "x-frame-options": "DENY" }`.
 */
export class SecurityHeaders implements Middleware {
  readonly #headers: readonly (readonly [name: string, value: string])[];
  /** Whether a header has a nonce. */
  readonly #usesNonce: boolean;

  /** @throws ConfigError for an invalid header. */
  constructor(app: Application) {
    const changes: unknown = app.config.securityHeaders ?? {};
    if (typeof changes !== "object" || Array.isArray(changes)) {
      throw new ConfigError('config.securityHeaders must be an object of headers: { "x-frame-options": "DENY" }.');
    }
    const headers: Record<string, string | false> = { ...defaults };
    for (const [name, value] of Object.entries(changes as object)) headers[name.toLowerCase()] = checked(name, value);
    this.#headers = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== false);
    this.#usesNonce = this.#headers.some(([, value]) => value.search(nonceSource) !== -1);
    if (this.#usesNonce) useNonces(() => storage.getStore()?.get("cspNonce") as string | undefined);
  }

  beforeDispatch(): void {
    if (this.#usesNonce) setLocal("cspNonce", randomBytes(16).toString("base64"));
  }

  /**
   * The headers of a response, with each security header that they lack. Not a hook, because not every response passes hooks.
   *
   * @internal
   */
  [completeHeaders](headers: FlatHeaders, context: Context): FlatHeaders {
    const all = [...headers];
    for (const [name, value] of this.#headers) {
      if (flatValue(headers, name) !== undefined) continue;
      if (name === strictTransportSecurity && !context.request.secure) continue;
      all.push(name, this.#usesNonce ? withNonce(value, context.get("cspNonce")) : value);
    }
    return all;
  }
}

/** @param nonce - `undefined` if the request was answered before the nonce was made. Then its response has no script that needs it. */
function withNonce(value: string, nonce: unknown): string {
  return value.replace(nonceSource, nonce === undefined ? "" : ` 'nonce-${nonce as string}'`);
}

function checked(name: string, value: unknown): string | false {
  try {
    if (value === false) return false;
    if (typeof value !== "string") throw new TypeError(`The response header "${name}" must be text or false.`);
    checkHeader(name, value);
    return value;
  } catch (error) {
    throw new ConfigError(`config.securityHeaders cannot be sent. ${(error as Error).message}`, { cause: error });
  }
}
