import type { Logger } from "@mini/core/base";
import type { SessionBackend } from "../keeping/backend.ts";
import type { SessionImport } from "../keeping/imported-sessions.ts";

/** Attributes of the cookie of a session. */
export interface SessionCookieOptions {
  /** Seconds that the browser keeps the cookie; browsers limit this to 400 days. Left out, until the browser closes. */
  readonly maxAge?: number | undefined;
  /** The cookie is also sent to the subdomains of this domain; left out, to this host only. */
  readonly domain?: string | undefined;
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Whether it is sent over https only. Default `auto`: when the request came over https. */
  readonly secure?: boolean | "auto" | undefined;
  /** Whether scripts cannot read it. Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default `lax`. `none` needs `secure: true`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** Whether each top-level site has its own (CHIPS). Needs `secure: true`. */
  readonly partitioned?: boolean | undefined;
}

/** Options of one session, instead of the configured ones. */
export interface SessionOptions {
  /** Seconds after which the session ends, even if it is in use. */
  readonly maxAge?: number | undefined;
  /** Seconds without use after which it ends. */
  readonly idleTimeout?: number | undefined;
  readonly cookie?: SessionCookieOptions | undefined;
  /**
   * Where the session is kept: the name of one of the configured `backends`, or `securecookie`. Left out, in the configured
   * `backend`.
   */
  readonly backend?: string | undefined;
}

/** The settings of `Sessions`, or `config.session` of an App. */
export interface SessionConfig extends Omit<SessionOptions, "backend"> {
  /** The key, at least 32 bytes, or a list: the first key signs new cookies, all keys are accepted. */
  readonly secretKey: string | readonly string[];
  /** Where sessions are kept, such as `new MemoryBackend()`. Default `securecookie`: each in its own cookie. */
  readonly backend?: "securecookie" | SessionBackend | undefined;
  /** More backends by name, for single sessions: `getSession("cart", { backend: "memory" })`. */
  readonly backends?: Readonly<Record<string, SessionBackend>> | undefined;
  /** Name of the default session's cookie, without the prefix. Default `session`. */
  readonly cookieName?: string | undefined;
  /** Seconds after which a session ends, even if it is in use; the server checks it. Default 14 days. */
  readonly maxAge?: number | undefined;
  /** Seconds without use after which a session ends; left out, only `maxAge` ends it. */
  readonly idleTimeout?: number | undefined;
  /** Whether cookies are encrypted (AES-256-GCM), so that the client cannot read them, instead of only signed. Default false. */
  readonly encrypt?: boolean | undefined;
  /**
   * `prefix: "host"` puts `__Host-` before cookie names and implies Secure, `Path=/` and no Domain; `"secure"` puts
   * `__Secure-` and implies Secure (RFC 6265bis §4.1.3).
   */
  readonly cookie?: (SessionCookieOptions & { readonly prefix?: "host" | "secure" | undefined }) | undefined;
  /** Seconds after which a flash message is no longer shown. Default 600. */
  readonly flashMaxAge?: number | undefined;
  /** Milliseconds that a load from a backend may take, and a commit with its retries. Default 750. */
  readonly deadline?: number | undefined;
  /** Imports the sessions of another library, such as `importExpressSession(...)` of `@mini/session/import`. */
  readonly import?: SessionImport | undefined;
  /** Where failures of a backend are logged. Default `console`, and in an App its logger. */
  readonly logger?: Logger | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** The defaults of all settings. */
export const defaults = Object.freeze({
  backend: "securecookie",
  backends: Object.freeze({}),
  cookieName: "session",
  maxAge: 14 * 24 * 60 * 60,
  encrypt: false,
  cookie: Object.freeze({ path: "/", secure: "auto", httpOnly: true, sameSite: "lax" } as const),
  flashMaxAge: 600,
  deadline: 750,
  now: Date.now,
} as const);
