import { ConfigError } from "@mini/core/base";
import type { SessionConfig, SessionCookieOptions, SessionOptions } from "./config.ts";

/** Returns `undefined` for a valid value, otherwise the end of a sentence that says what it must be. */
type Check = (value: unknown) => string | undefined;

const mustBe =
  (what: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? undefined : what;

const numberOf = (unit: string, most: number) =>
  mustBe(`must be a number of ${unit} over 0, up to ${most}`, (value) => typeof value === "number" && value > 0 && value <= most);

/** With more seconds, times could be infinite, and the time of the last use, which is computed from them, would be NaN. */
const seconds = numberOf("seconds", Number.MAX_SAFE_INTEGER);
/** Browsers drop the fraction, so they would drop a cookie of less than a second at once. */
const wholeSeconds = mustBe("must be a whole number of seconds over 0", (value) => Number.isInteger(value) && Number(value) > 0);
const nonEmptyString = mustBe("must be a string that is not empty", (value) => typeof value === "string" && value !== "");

/** The check of a setting that has one of these values. */
export function oneOf(...allowed: readonly unknown[]): Check {
  const list = allowed.map((value) => JSON.stringify(value)).join(", ");
  return mustBe(allowed.length === 1 ? `must be ${list}` : `must be one of ${list}`, (value) => allowed.includes(value));
}

/** The methods that an object does not have. */
function missingMethods(value: unknown, ...names: readonly string[]): readonly string[] {
  const object = Object(value) as Readonly<Record<string, unknown>>;
  return names.filter((name) => typeof object[name] !== "function");
}

/** What is wrong with a backend, in words; `undefined` for a complete one. */
function backendProblem(value: unknown): string | undefined {
  const missing = missingMethods(value, "read", "create", "swap", "touch", "take");
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

const isLogger = (value: unknown) => missingMethods(value, "error", "warn", "info", "debug").length === 0;
const isImport = (value: unknown) => missingMethods(value, "wrap").length === 0;

/** The check of a value that another function checks. */
const checkedSeparately: Check = () => undefined;

export const cookieChecks: Readonly<Record<keyof SessionCookieOptions, Check>> = {
  maxAge: wholeSeconds,
  domain: nonEmptyString,
  path: nonEmptyString,
  secure: oneOf(true, false, "auto"),
  httpOnly: oneOf(true, false),
  sameSite: oneOf("strict", "lax", "none"),
  partitioned: oneOf(true, false),
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
  encrypt: oneOf(true, false),
  flashMaxAge: seconds,
  deadline: numberOf("milliseconds", 2 ** 31 - 1),
  import: mustBe("must be made by a function of @mini/session/import, such as importSessions()", isImport),
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

/** What is wrong with a key, in words, without the key itself. */
function keyProblem(key: unknown): string | undefined {
  if (typeof key !== "string") return "must be a string";
  const bytes = Buffer.byteLength(key);
  return bytes < shortestKey ? `has ${bytes} bytes and needs at least ${shortestKey}` : undefined;
}

/** The keys of the setting `secretKey`. @throws ConfigError for a missing, short or wrong key. */
export function checkKeys(given: unknown): readonly string[] {
  const keys = [given ?? []].flat() as readonly unknown[];
  if (keys.length === 0) throw new ConfigError(`The session secretKey is missing. ${secretKeyRemedy}`);
  for (const [i, key] of keys.entries()) {
    const problem = keyProblem(key);
    if (problem === undefined) continue;
    throw new ConfigError(`The session secretKey${keys.length > 1 ? ` number ${i + 1}` : ""} ${problem}. ${secretKeyRemedy}`);
  }
  return keys as readonly string[];
}
