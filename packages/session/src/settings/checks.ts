import { ConfigError } from "@mini/core/base";
import type { SessionConfig, SessionCookieOptions, SessionOptions } from "./config.ts";

/** Returns `undefined` for a valid value, otherwise the end of a sentence that says what it must be. */
type Check = (value: unknown) => string | undefined;

const mustBe =
  (what: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? undefined : what;

const isPositive = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value > 0;
/** With more seconds, times could be infinite, and the time of the last use, which is computed from them, would be NaN. */
const seconds = mustBe(
  `must be a number of seconds over 0, up to ${Number.MAX_SAFE_INTEGER}`,
  (value) => isPositive(value) && Number(value) <= Number.MAX_SAFE_INTEGER,
);
/** Browsers drop the fraction, so they would drop a cookie of less than a second at once. */
const wholeSeconds = mustBe("must be a whole number of seconds over 0", (value) => isPositive(value) && Number.isInteger(value));
const flag = mustBe("must be true or false", (value) => typeof value === "boolean");
const nonEmptyString = mustBe("must be a string that is not empty", (value) => typeof value === "string" && value !== "");

/** The check of a setting that has one of these values. */
export function oneOf(...allowed: readonly unknown[]): Check {
  const list = allowed.map((value) => JSON.stringify(value)).join(", ");
  return mustBe(allowed.length === 1 ? `must be ${list}` : `must be one of ${list}`, (value) => allowed.includes(value));
}

const requiredMethods = ["read", "create", "swap", "touch", "take"] as const;

/** What is wrong with a backend, in words; `undefined` for a complete one. */
function backendProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "is not an object";
  const missing = requiredMethods.filter((name) => typeof (value as Record<string, unknown>)[name] !== "function");
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

function isImport(value: unknown): boolean {
  return typeof value === "object" && value !== null && "wrap" in value && typeof value.wrap === "function";
}

/** The check of a value that another function checks. */
const checkedSeparately: Check = () => undefined;

export const cookieChecks: Readonly<Record<keyof SessionCookieOptions, Check>> = {
  maxAge: wholeSeconds,
  domain: nonEmptyString,
  path: nonEmptyString,
  secure: oneOf(true, false, "auto"),
  httpOnly: flag,
  sameSite: oneOf("strict", "lax", "none"),
  partitioned: flag,
};

export const optionChecks: Readonly<Record<keyof SessionOptions, Check>> = {
  maxAge: seconds,
  idleTimeout: seconds,
  cookie: checkedSeparately,
  backend: checkedSeparately,
};

export const configChecks: Readonly<Record<keyof SessionConfig, Check>> = {
  ...optionChecks,
  secretKey: checkedSeparately,
  backend,
  backends,
  cookieName: nonEmptyString,
  encrypt: flag,
  flashMaxAge: seconds,
  deadline: mustBe("must be a number of milliseconds over 0, up to 2147483647", (value) => isPositive(value) && Number(value) < 2 ** 31),
  import: mustBe("must be made by a function of @mini/session/import, such as importSessions({ cookieNames, read })", isImport),
  logger: mustBe("must be an object with the methods error, warn, info and debug, such as console", isLogger),
  now: mustBe("must be a function that returns milliseconds since the Unix epoch", (value) => typeof value === "function"),
};

/** The checked settings of an object, without those that are `undefined`. `path` names the object in messages. */
export function checkSettings(path: string, given: unknown, checks: Readonly<Record<string, Check>>): Record<string, unknown> {
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

/** The end of messages about a missing or wrong key. */
export const secretKeyRemedy = `Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;
const shortestKey = 32;

/** The keys of the setting `secretKey`. @throws ConfigError for a missing, short or wrong key. */
export function checkKeys(given: unknown): readonly string[] {
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
