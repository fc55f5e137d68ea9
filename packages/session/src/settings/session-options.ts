import { ConfigError } from "@mini/core/base";
import { quoted } from "../record/contents.ts";
import { mergeOverrides, lifetimeOf, type Overrides } from "../record/saved-session.ts";
import { checkSettings, cookieChecks, optionChecks } from "./checks.ts";
import { checkCookie, type CookieSettings, type SessionSettings, type Settings } from "./settings.ts";

/** The attributes of a cookie with some of them changed. @throws ConfigError when they contradict each other. */
export function withCookieOptions(settings: Settings, name: string, cookie: CookieSettings, options: unknown): CookieSettings {
  checkSettings("session option cookie", options, cookieChecks);
  return checkCookie(settings.prefix, name, { ...cookie, ...withoutNull(overridesIn({ cookie: options }).cookie!) });
}

function checkBackendName({ backends: known }: Settings, sessionName: string, name: unknown): void {
  if (name === undefined || name === "securecookie" || (typeof name === "string" && Object.hasOwn(known, name))) return;
  const names = ["securecookie", ...Object.keys(known)].map(quoted).join(", ");
  throw new ConfigError(
    `Cannot keep the session ${quoted(sessionName)} in the backend ${JSON.stringify(name)}: add it to the session setting "backends", or use one of ${names}.`,
  );
}

/**
 * Attributes that a cookie need not have. If one is `undefined` in the options of a session, its cookie does not have the
 * attribute.
 */
const optional: ReadonlySet<string> = new Set(["maxAge", "domain", "partitioned"]);

/** The overrides in the options of one session. */
function overridesIn({ backend: _backend, ...overrides }: Readonly<Record<string, unknown>>): Overrides {
  if (overrides["cookie"] === undefined) return overrides;
  const attributes = Object.entries(overrides["cookie"] as object).map(([name, value]) => [
    name,
    value === undefined && optional.has(name) ? null : value,
  ]);
  return { ...overrides, cookie: Object.fromEntries(attributes) as Record<string, unknown> };
}

/** The settings of one session with some of them changed. @throws ConfigError when they contradict each other. */
export function withOptions(settings: Settings, name: string, current: SessionSettings, options: unknown): SessionSettings {
  const { cookie, backend: backendName } = checkSettings("session options", options, optionChecks);
  checkBackendName(settings, name, backendName);
  if (cookie !== undefined) checkSettings("session option cookie", cookie, cookieChecks);
  // An option that was unset before stays in the list, so that it also unsets the saved option.
  const given = overridesIn(options as Readonly<Record<string, unknown>>);
  const overrides = { ...current.overrides, ...given, ...(given.cookie && { cookie: { ...current.overrides?.cookie, ...given.cookie } }) };
  return resolve(settings, name, { ...current, overrides, backend: (backendName as string | undefined) ?? current.backend });
}

/**
 * The settings of a loaded session, with the overrides that were saved with it. Options that the configuration does not allow any
 * more are left out.
 */
export function withSavedOverrides(settings: Settings, name: string, current: SessionSettings, saved: Overrides): SessionSettings {
  try {
    if (saved.cookie !== undefined) checkSettings("cookie of a session", withoutNull(saved.cookie), cookieChecks);
    return resolve(settings, name, { ...current, savedOverrides: saved });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return resolve(settings, name, { ...current, savedOverrides: { ...saved, cookie: undefined } });
  }
}

/** Combines the configuration, the overrides that are saved with the session, and those of this request. */
function resolve(settings: Settings, name: string, { overrides, savedOverrides, backend: backendName }: SessionSettings): SessionSettings {
  const { sessionDefaults } = settings;
  const all = mergeOverrides(savedOverrides, overrides);
  const { maxAge, idleTimeout } = lifetimeOf(sessionDefaults, all);
  const cookie =
    all?.cookie === undefined
      ? sessionDefaults.cookie
      : checkCookie(settings.prefix, name, { ...sessionDefaults.cookie, ...withoutNull(all.cookie) });
  return { maxAge, idleTimeout, cookie, backend: backendName, overrides, savedOverrides };
}

/** The attributes of a cookie. `null` removes the configured one. */
function withoutNull(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? undefined]));
}
