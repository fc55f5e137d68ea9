import type { SessionBackend } from "../keeping/backend.ts";

/** Attributes of a cookie that a session is sent in. */
export interface SessionCookieOptions {
  /** Seconds that the browser keeps it, at most 400 days, where browsers cap it; left out, until the browser closes. */
  readonly maxAge?: number | undefined;
  /** Also sent to the subdomains of this one; left out, to this host only. */
  readonly domain?: string | undefined;
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Sent over https only. Default `auto`: when the request came over https. */
  readonly secure?: boolean | "auto" | undefined;
  /** Hidden from scripts. Default true. */
  readonly httpOnly?: boolean | undefined;
  /** Default `lax`. `none` needs `secure: true`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** Kept apart for each top-level site (CHIPS). Needs `secure: true`. */
  readonly partitioned?: boolean | undefined;
}

/** What may be given for one session, over what is configured. */
export interface SessionOptions {
  /** Absolute life in seconds. */
  readonly maxAge?: number | undefined;
  /** Life without use in seconds. */
  readonly idleTimeout?: number | undefined;
  readonly cookie?: SessionCookieOptions | undefined;
  /** Where it is kept: the name of one of the configured `backends`, or `securecookie`; left out, in the configured `backend`. */
  readonly backend?: string | undefined;
}

/** `config.session` of an App. */
export interface SessionConfig extends Omit<SessionOptions, "backend"> {
  /** At least 32 bytes; of several, the first signs and all verify. */
  readonly secretKey: string | readonly string[];
  /** Where sessions are kept, such as `new MemoryBackend()`. Default `securecookie`: each in its own cookie. */
  readonly backend?: "securecookie" | SessionBackend | undefined;
  /** More backends by name, for single sessions: `getSession("cart", { backend: "memory" })`. */
  readonly backends?: Readonly<Record<string, SessionBackend>> | undefined;
  /** Name of the default session's cookie, without the prefix. Default `session`. */
  readonly cookieName?: string | undefined;
  /** Absolute life of a session in seconds, checked on the server. Default 14 days. */
  readonly maxAge?: number | undefined;
  /** Seconds without use after which a session ends; left out, only `maxAge` ends it. */
  readonly idleTimeout?: number | undefined;
  /** Whether cookies are unreadable for the client (AES-256-GCM), not only signed. Default false. */
  readonly encrypt?: boolean | undefined;
  /**
   * `prefix: "host"` puts `__Host-` before cookie names and implies Secure, `Path=/` and no Domain; `"secure"` puts
   * `__Secure-` and implies Secure (RFC 6265bis §4.1.3).
   */
  readonly cookie?: (SessionCookieOptions & { readonly prefix?: "host" | "secure" | undefined }) | undefined;
  /** Seconds that a flash message waits for being shown. Default 600. */
  readonly flashMaxAge?: number | undefined;
  /** Milliseconds that a load, and again a commit with its retries, may take where sessions have a backend. Default 750. */
  readonly deadline?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Every default, in one place. */
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
