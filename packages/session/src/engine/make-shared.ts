import { LineLogger } from "@mini/core/base";
import { BackendSessions, ownedIn } from "../keeping/backend-sessions.ts";
import type { SessionBackend } from "../keeping/backend.ts";
import { CookieSessions } from "../keeping/cookie-sessions.ts";
import type { SessionKeeper } from "../keeping/keeping.ts";
import { CookieRules } from "../request/cookies.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import { readSettings, type Settings } from "../settings/settings.ts";
import { SessionIds, Signer } from "../signing/signing.ts";

/**
 * What the sessions of all requests share, and those in the configured backend. Adapters load this and not {@link Sessions},
 * because a site may not need the methods of `Sessions`.
 *
 * @param forms - For `session.keptForm()`.
 * @throws ConfigError for settings that are missing, unknown, out of range or contradictory.
 */
export function makeShared(
  config: SessionConfig,
  forms?: Settings["forms"],
): { readonly shared: SharedSessions; readonly inBackend: BackendSessions | undefined } {
  const checked = readSettings(config);
  const logger = checked.logger instanceof LineLogger ? checked.logger : new LineLogger(checked.logger);
  const settings: Settings = { ...checked, logger, forms };
  const { secretKeys, encrypt, now } = settings;
  const ids = new SessionIds({ secretKeys, encrypt, now });
  const keptIn = (backend: SessionBackend) => {
    // A backend that inherits nothing, such as an imported module, has no class.
    const { constructor } = backend as { readonly constructor: { readonly name: string } | undefined };
    return new BackendSessions({ ...settings, backend, backendName: constructor?.name ?? "Object", ids, startedAt: now() });
  };
  const inCookies = new CookieSessions({ secretKeys, encrypt, now });
  const inBackend = settings.backend === "securecookie" ? undefined : keptIn(settings.backend);
  const configured = inBackend ?? inCookies;
  const { deadline, prefix, cookieName } = settings;
  const keepers = new Map<string | undefined, SessionKeeper>([
    ["securecookie", inCookies],
    [undefined, settings.import?.wrap(configured, { cookieName: prefix + cookieName, deadline, logger }) ?? configured],
  ]);
  for (const [name, backend] of Object.entries(settings.backends)) keepers.set(name, keptIn(backend));
  for (const [name, keeper] of keepers) {
    // Once the code is loaded, requests use it directly.
    if (keeper instanceof BackendSessions)
      keeper.loaded().then(
        ({ sessions }) => keepers.set(name, sessions),
        () => undefined,
      );
  }
  const shared: SharedSessions = {
    settings,
    keepers,
    owned: () => ownedIn(inBackend, settings),
    signer: new Signer({ secretKeys, encrypt, now, purpose: "secure-cookie" }),
    cookies: new CookieRules(logger),
  };
  return { shared, inBackend };
}
