import { ConfigError, serializeCookie } from "@mini/core/base";
import type { Logger } from "@mini/core/base";
import type { SessionBackend } from "../keeping/backend.ts";
import { choose, lifetimeOf, type Chosen } from "../record/record.ts";
import { defaults, type SessionConfig, type SessionCookieOptions, type SessionOptions } from "./config.ts";

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
  /** What this request has chosen for it; what was unset is there with `undefined`. */
  readonly chosen?: Chosen | undefined;
  /** What was chosen before, and is kept with it. */
  readonly kept?: Chosen | undefined;
}

/** The configuration, checked and complete. */
export interface Settings extends Omit<SessionSettings, "backend"> {
  /** The settings of a session without options of its own. */
  readonly sessionDefaults: SessionSettings;
  readonly backend: "securecookie" | SessionBackend;
  readonly backends: Readonly<Record<string, SessionBackend>>;
  readonly secretKeys: readonly string[];
  readonly cookieName: string;
  /** The beginning of every cookie name. */
  readonly prefix: "" | "__Host-" | "__Secure-";
  readonly encrypt: boolean;
  readonly flashMaxAge: number;
  readonly deadline: number;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Returns `undefined` for a valid value, otherwise the end of a sentence that says what it must be. */
type Check = (value: unknown) => string | undefined;

const mustBe =
  (what: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? undefined : what;

const isPositive = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value > 0;
const seconds = mustBe("must be a number of seconds over 0", isPositive);
/** Browsers drop a fraction, and with it a cookie of less than a second. */
const wholeSeconds = mustBe("must be a whole number of seconds over 0", (value) => isPositive(value) && Number.isInteger(value));
const flag = mustBe("must be true or false", (value) => typeof value === "boolean");
const nonEmptyString = mustBe("must be a string that is not empty", (value) => typeof value === "string" && value !== "");

function oneOf(...allowed: readonly unknown[]): Check {
  const list = allowed.map((value) => JSON.stringify(value)).join(", ");
  return mustBe(allowed.length === 1 ? `must be ${list}` : `must be one of ${list}`, (value) => allowed.includes(value));
}

const calls = ["read", "create", "swap", "touch", "take"] as const;

/** What is wrong with a backend, in words; `undefined` for a complete one. */
function backendProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "is not an object";
  const missing = calls.filter((name) => typeof (value as Record<string, unknown>)[name] !== "function");
  return missing.length === 0 ? undefined : `has no ${missing.join("(), no ")}()`;
}

const backend: Check = (value) => {
  const problem = value === "securecookie" ? undefined : backendProblem(value);
  return problem && `must be "securecookie" or a backend, such as new MemoryBackend(); this ${problem}`;
};

const backends: Check = (value) => {
  if (typeof value !== "object" || value === null) return "must be an object of backends by name";
  if (Object.hasOwn(value, "securecookie")) return 'cannot name a backend "securecookie", which always exists';
  for (const [name, each] of Object.entries(value)) {
    const problem = backendProblem(each);
    if (problem !== undefined) return `must hold backends, such as new MemoryBackend(); ${JSON.stringify(name)} ${problem}`;
  }
  return undefined;
};

function isLogger(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ["error", "warn", "info", "debug"].every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === "function");
}

/** For a value that another function checks. */
const checkedSeparately: Check = () => undefined;

const cookieChecks: Readonly<Record<keyof SessionCookieOptions, Check>> = {
  maxAge: wholeSeconds,
  domain: nonEmptyString,
  path: nonEmptyString,
  secure: oneOf(true, false, "auto"),
  httpOnly: flag,
  sameSite: oneOf("strict", "lax", "none"),
  partitioned: flag,
};

const optionChecks: Readonly<Record<keyof SessionOptions, Check>> = {
  maxAge: seconds,
  idleTimeout: seconds,
  cookie: checkedSeparately,
  backend: checkedSeparately,
};

const configChecks: Readonly<Record<keyof SessionConfig, Check>> = {
  ...optionChecks,
  secretKey: checkedSeparately,
  backend,
  backends,
  cookieName: nonEmptyString,
  encrypt: flag,
  flashMaxAge: seconds,
  deadline: mustBe("must be a number of milliseconds over 0, up to 2147483647", (value) => isPositive(value) && Number(value) < 2 ** 31),
  logger: mustBe("must be an object with the methods error, warn, info and debug, such as console", isLogger),
  now: mustBe("must be a function that gives milliseconds since the Unix epoch", (value) => typeof value === "function"),
};

/** The checked settings of an object, without those that are `undefined`. `path` names the object in messages. */
function checkSettings(path: string, given: unknown, checks: Readonly<Record<string, Check>>): Record<string, unknown> {
  if (typeof given !== "object" || given === null) throw new ConfigError(`The ${path} must be an object of settings.`);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) {
    if (!Object.hasOwn(checks, name)) {
      throw new ConfigError(`The ${path} has no setting "${name}"; it has ${Object.keys(checks).join(", ")}.`);
    }
    const problem = checks[name]!(value);
    if (problem !== undefined) throw new ConfigError(`The ${path} setting "${name}" ${problem}.`);
  }
  return Object.fromEntries(entries);
}

export const secretKeyRemedy = `Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;
const shortestKey = 32;

function checkKeys(given: unknown): readonly string[] {
  const keys: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (given === undefined || given === null || keys.length === 0)
    throw new ConfigError(`The session secretKey is missing. ${secretKeyRemedy}`);
  return keys.map((key, i) => {
    const which = Array.isArray(given) && keys.length > 1 ? `secretKey number ${i + 1}` : "secretKey";
    if (typeof key !== "string") throw new ConfigError(`The session ${which} must be a string. ${secretKeyRemedy}`);
    const bytes = Buffer.byteLength(key);
    if (bytes < shortestKey)
      throw new ConfigError(`The session ${which} has ${bytes} bytes and needs at least ${shortestKey}. ${secretKeyRemedy}`);
    return key;
  });
}

/** The attributes of a cookie. @throws ConfigError when they contradict each other, or the prefix of the cookie's name. */
function checkCookie(prefix: Settings["prefix"], name: string, cookie: CookieSettings): CookieSettings {
  const checked = prefix === "" || cookie.secure !== "auto" ? cookie : { ...cookie, secure: true };
  const forbidden = forbiddenBy(prefix, checked);
  if (forbidden !== undefined) {
    const setting = prefix === "__Host-" ? 'prefix "host"' : 'prefix "secure"';
    throw new ConfigError(
      `The session cookie cannot have both ${setting} and ${forbidden}: browsers would drop it. Leave one of them out.`,
    );
  }
  try {
    serializeCookie(prefix + name, "", { ...checked, secure: checked.secure === true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigError(`The session cookie cannot have these settings. ${error.message}`, { cause: error });
  }
  return checked;
}

/** An attribute that the prefix of a cookie's name forbids, in words (RFC 6265bis §4.1.3). */
function forbiddenBy(prefix: Settings["prefix"], { secure, domain, path }: CookieSettings): string | undefined {
  if (prefix === "") return undefined;
  if (secure !== true) return "secure: false";
  if (prefix === "__Secure-") return undefined;
  if (domain !== undefined) return "a domain";
  return path === "/" ? undefined : "a path";
}

/** @throws ConfigError for a name that no cookie can have, or no cookie with these attributes. */
export function checkCookieName({ prefix, cookie }: Settings, name: string): void {
  checkCookie(prefix, name, cookie);
}

/** The attributes of a cookie with some of them changed. @throws ConfigError when they contradict each other. */
export function withCookieOptions(settings: Settings, name: string, cookie: CookieSettings, options: unknown): CookieSettings {
  checkSettings("session option cookie", options, cookieChecks);
  return checkCookie(settings.prefix, name, { ...cookie, ...withoutNull(chosenBy({ cookie: options }).cookie!) });
}

function checkBackendName({ backends: known }: Settings, sessionName: string, name: unknown): void {
  if (name === undefined || name === "securecookie" || (typeof name === "string" && Object.hasOwn(known, name))) return;
  const names = ["securecookie", ...Object.keys(known)].map((each) => JSON.stringify(each)).join(", ");
  throw new ConfigError(
    `Cannot keep the session ${JSON.stringify(sessionName)} in a backend ${JSON.stringify(name)}: the names are ${names}. Add others to the session setting "backends".`,
  );
}

/** Attributes that a cookie need not have. Given as `undefined` for one session, its cookie does not have them. */
const optional: ReadonlySet<string> = new Set(["maxAge", "domain", "partitioned"]);

/** The options of one session as they are kept with it. */
function chosenBy(options: object): Chosen {
  const { backend: _backend, cookie, ...lifetime } = options as Readonly<Record<string, unknown>>;
  if (!("cookie" in options) || cookie === undefined) return { ...lifetime, ...("cookie" in options && { cookie: undefined }) };
  const attributes = Object.entries(cookie as object).map(([name, value]) => [
    name,
    value === undefined && optional.has(name) ? null : value,
  ]);
  return { ...lifetime, cookie: Object.fromEntries(attributes) as Record<string, unknown> };
}

/** The settings of one session with some of them changed. @throws ConfigError when they contradict each other. */
export function withOptions(settings: Settings, name: string, current: SessionSettings, options: unknown): SessionSettings {
  const { cookie, backend: backendName } = checkSettings("session options", options, optionChecks);
  checkBackendName(settings, name, backendName);
  if (cookie !== undefined) checkSettings("session option cookie", cookie, cookieChecks);
  // An option that was unset before stays in the list, so that it also unsets what is kept.
  const given = chosenBy(options as object);
  const chosen = { ...current.chosen, ...given, ...(given.cookie && { cookie: { ...current.chosen?.cookie, ...given.cookie } }) };
  return resolve(settings, name, { ...current, chosen, backend: (backendName as string | undefined) ?? current.backend });
}

/** The settings of a session that was loaded, with what was chosen for it before. What the configuration does not allow any more is left out. */
export function withKept(settings: Settings, name: string, current: SessionSettings, kept: Chosen): SessionSettings {
  try {
    if (kept.cookie !== undefined) checkSettings("cookie of a session", withoutNull(kept.cookie), cookieChecks);
    return resolve(settings, name, { ...current, kept });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return resolve(settings, name, { ...current, kept: { ...kept, cookie: undefined } });
  }
}

/** Puts together what is configured, what is kept with the session, and what this request has chosen. */
function resolve(settings: Settings, name: string, { chosen, kept, backend: backendName }: SessionSettings): SessionSettings {
  const { sessionDefaults } = settings;
  const { maxAge, idleTimeout } = lifetimeOf({ ...sessionDefaults, chosen }, kept);
  const attributes = choose(kept, chosen)?.cookie;
  const cookie =
    attributes === undefined
      ? sessionDefaults.cookie
      : checkCookie(settings.prefix, name, { ...sessionDefaults.cookie, ...withoutNull(attributes) });
  return { maxAge, idleTimeout, cookie, backend: backendName, chosen, kept };
}

/** The attributes of a cookie. `null` removes the configured one. */
function withoutNull(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? undefined]));
}

/**
 * The configuration with its defaults, frozen.
 *
 * @throws ConfigError for settings that are missing, unknown, out of range or contradictory.
 */
export function readSettings(config: unknown): Settings {
  const { secretKey, cookie, ...given } = checkSettings("session", config ?? {}, configChecks);
  const secretKeys = checkKeys(secretKey);
  const cookieConfig =
    cookie === undefined ? {} : checkSettings("session cookie", cookie, { ...cookieChecks, prefix: oneOf("host", "secure") });
  const { prefix: wanted, ...attributes } = cookieConfig;
  const prefix = wanted === "host" ? "__Host-" : wanted === "secure" ? "__Secure-" : "";
  const { cookie: defaultCookie, ...rest } = defaults;
  const settings = {
    ...rest,
    logger: console as Logger,
    idleTimeout: undefined,
    ...given,
    secretKeys,
    prefix,
    cookie: { ...defaultCookie, ...attributes },
  } as Settings;
  const { maxAge, idleTimeout } = settings;
  const checked = checkCookie(prefix, settings.cookieName, settings.cookie);
  return Object.freeze({
    ...settings,
    cookie: checked,
    sessionDefaults: Object.freeze({ maxAge, idleTimeout, cookie: checked, backend: undefined }),
  });
}
