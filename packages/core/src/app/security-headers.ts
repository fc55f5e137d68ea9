import type { Application } from "../context/application.ts";
import { ConfigError } from "../http/errors.ts";
import type { Middleware, RequestHandler } from "./handler.ts";
import { checkHeader } from "../http/headers.ts";
import type { Response } from "../http/response.ts";

declare module "../context/application.ts" {
  interface Config {
    /** Headers for {@link SecurityHeaders}, by name in lower case. They replace its own or are added; `false` removes one. */
    readonly securityHeaders?: Readonly<Record<string, string | false>> | undefined;
  }
}

const strictTransportSecurity = "strict-transport-security";

const defaults: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "referrer-policy": "strict-origin-when-cross-origin",
  [strictTransportSecurity]: "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
};

/**
 * Middleware that adds headers by which browsers restrict the pages of a site: scripts, styles and forms only from the site itself,
 * no frames, no guessed content types, and only https once the site was visited over https. A header that a response already has
 * is kept.
 *
 * `config.securityHeaders` changes them: `{ "content-security-policy": "default-src 'self' https://cdn.example", "x-frame-options": "DENY" }`.
 */
export class SecurityHeaders implements Middleware {
  readonly #headers: readonly (readonly [name: string, value: string])[];

  /** @throws ConfigError for an invalid header. */
  constructor(app: Application) {
    const changes: unknown = app.config.securityHeaders ?? {};
    if (typeof changes !== "object" || Array.isArray(changes)) {
      throw new ConfigError('config.securityHeaders must be an object of headers: { "x-frame-options": "DENY" }.');
    }
    const headers: Record<string, string | false> = { ...defaults };
    for (const [name, value] of Object.entries(changes as object)) headers[name.toLowerCase()] = checked(name, value);
    this.#headers = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== false);
  }

  afterDispatch(handler: RequestHandler, response: Response): Response {
    for (const [name, value] of this.#headers) {
      if (name === strictTransportSecurity && !handler.request.secure) continue;
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  }
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
