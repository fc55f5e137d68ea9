import { LineLogger } from "@mini/core/base";
import { BackendRecords } from "../keeping/backend-records.ts";
import type { SessionBackend } from "../keeping/backend.ts";
import { CookieSessions } from "../keeping/cookie-sessions.ts";
import type { SessionKeeper } from "../keeping/keeping.ts";
import { OwnedSessions } from "../keeping/owned-sessions.ts";
import { ServerSessions } from "../keeping/server-session.ts";
import { CookieRules } from "../request/cookies.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import { readSettings, type Settings } from "../settings/settings.ts";
import { SessionIds, Signer } from "../signing/signing.ts";

/**
 * What the sessions of all requests share, and the records in the configured backend. Adapters load this and not {@link Sessions},
 * because a site may not need the methods of `Sessions`.
 *
 * @param forms - For `session.keptForm()`.
 * @throws ConfigError for settings that are missing, unknown, out of range or contradictory.
 */
export function makeShared(
  config: SessionConfig,
  forms?: Settings["forms"],
): { readonly shared: SharedSessions; readonly records: BackendRecords | undefined } {
  const settings: Settings = { ...readSettings(config), forms };
  const { secretKeys, encrypt, now } = settings;
  const logger = settings.logger instanceof LineLogger ? settings.logger : new LineLogger(settings.logger);
  const ids = new SessionIds({ secretKeys, encrypt, now });
  const recordsOf = (backend: SessionBackend) => new BackendRecords({ ...settings, backend, ids, logger });
  const inCookies = new CookieSessions({ secretKeys, encrypt, now });
  const records = settings.backend === "securecookie" ? undefined : recordsOf(settings.backend);
  const configured = records === undefined ? inCookies : new ServerSessions(records);
  const { deadline, prefix, cookieName } = settings;
  const keepers = new Map<string | undefined, SessionKeeper>([
    ["securecookie", inCookies],
    [undefined, settings.import?.wrap(configured, { cookieName: prefix + cookieName, deadline, logger }) ?? configured],
  ]);
  for (const [name, backend] of Object.entries(settings.backends)) keepers.set(name, new ServerSessions(recordsOf(backend)));
  const shared: SharedSessions = {
    settings,
    keepers,
    owned: () => new OwnedSessions(records, settings),
    signer: new Signer({ secretKeys, encrypt, now, purpose: "secure-cookie" }),
    cookies: new CookieRules(logger),
  };
  return { shared, records };
}
