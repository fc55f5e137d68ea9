import { ConfigError, serializeCookie } from "@mini/core/base";
import type { Form, Logger } from "@mini/core/base";
import type { SessionBackend } from "../keeping/backend.ts";
import type { SessionImport } from "../keeping/imported-sessions.ts";
import type { Overrides } from "../record/saved-session.ts";
import { checkKeys, checkSettings, configChecks, cookieChecks, oneOf } from "./checks.ts";
import { defaults, type SessionCookieOptions } from "./config.ts";

/** The attributes of one session's cookie. */
export interface CookieSettings extends SessionCookieOptions {
  readonly path: string;
  readonly secure: boolean | "auto";
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
}

/** The settings of one session: its own options, and the configured ones for the rest. */
export interface SessionSettings {
  readonly maxAge: number;
  readonly idleTimeout: number | undefined;
  readonly cookie: CookieSettings;
  /** The name of its backend; `undefined`: the configured one. */
  readonly backend: string | undefined;
  /** The options of this request that override the configured ones. An option that was unset is `undefined`. */
  readonly overrides?: Overrides | undefined;
  /** The overrides of earlier requests, which are saved with the session. */
  readonly savedOverrides?: Overrides | undefined;
}

/** The configuration, checked and complete. */
export interface Settings extends Omit<SessionSettings, "backend"> {
  /** The settings of a session without its own options. */
  readonly sessionDefaults: SessionSettings;
  readonly backend: "securecookie" | SessionBackend;
  readonly backends: Readonly<Record<string, SessionBackend>>;
  readonly secretKeys: readonly string[];
  /** Makes the forms that sessions have kept; left out, they cannot be shown. The engine sets it, not the user. */
  readonly forms?: typeof Form | undefined;
  readonly cookieName: string;
  /** The beginning of every cookie name. */
  readonly prefix: "" | "__Host-" | "__Secure-";
  readonly encrypt: boolean;
  readonly flashMaxAge: number;
  readonly deadline: number;
  readonly import?: SessionImport;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The attributes of a cookie. @throws ConfigError if they contradict each other or the prefix of the cookie's name. */
export function checkCookie(prefix: Settings["prefix"], name: string, cookie: CookieSettings): CookieSettings {
  const checked = prefix === "" || cookie.secure !== "auto" ? cookie : { ...cookie, secure: true };
  try {
    serializeCookie(prefix + name, "", { ...checked, secure: checked.secure === true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigError(`The session cookie cannot have these settings. ${error.message}`, { cause: error });
  }
  return checked;
}

/** @throws ConfigError for a name that no cookie can have, or no cookie with these attributes. */
export function checkCookieName({ prefix, cookie }: Settings, name: string): void {
  if (typeof (name as unknown) !== "string") throw new ConfigError("The name of a session or a secure cookie must be a string.");
  checkCookie(prefix, name, cookie);
}

/**
 * The configuration with its defaults, frozen.
 *
 * @throws ConfigError for settings that are missing, unknown, out of range or contradictory.
 */
export function readSettings(config: unknown): Settings {
  const { secretKey, cookie: cookieConfig = {}, ...given } = checkSettings("session", config ?? {}, configChecks);
  const secretKeys = checkKeys(secretKey);
  const { prefix: wanted, ...attributes } = checkSettings("session cookie", cookieConfig, {
    ...cookieChecks,
    prefix: oneOf("host", "secure"),
  });
  const prefix = wanted === "host" ? "__Host-" : wanted === "secure" ? "__Secure-" : "";
  const settings = { ...defaults, logger: console, idleTimeout: undefined, ...given, secretKeys, prefix } as Omit<
    Settings,
    "sessionDefaults"
  >;
  const { cookieName, maxAge, idleTimeout } = settings;
  const cookie = checkCookie(prefix, cookieName, { ...defaults.cookie, ...attributes });
  return Object.freeze({
    ...settings,
    cookie,
    sessionDefaults: Object.freeze({ maxAge, idleTimeout, cookie, backend: undefined }),
  });
}
