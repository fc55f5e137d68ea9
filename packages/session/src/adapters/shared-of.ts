import { makeShared } from "../engine/make-shared.ts";
import type { Sessions } from "../engine/sessions.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";

/** What the requests of an adapter share. @throws ConfigError for wrong settings. */
export function sharedOf(config: SessionConfig | Sessions): SharedSessions {
  return "shared" in config ? config.shared : makeShared(config).shared;
}
