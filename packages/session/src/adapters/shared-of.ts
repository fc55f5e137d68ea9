import { makeShared } from "../engine/make-shared.ts";
import type { Sessions } from "../engine/sessions.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import type { Settings } from "../settings/settings.ts";

/** What the requests of an adapter share. Bundles without `forms` are smaller. @throws ConfigError for wrong settings. */
export function sharedOf(config: SessionConfig | Sessions, forms?: Settings["forms"]): SharedSessions {
  return "shared" in config ? config.shared : makeShared(config, forms).shared;
}
