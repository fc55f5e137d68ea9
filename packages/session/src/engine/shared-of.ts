import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import type { Settings } from "../settings/settings.ts";
import { makeShared } from "./make-shared.ts";
import type { Sessions } from "./sessions.ts";

/** What the requests of an application or adapter share. Bundles without `forms` are smaller. @throws ConfigError for wrong settings. */
export function sharedOf(config: SessionConfig | Sessions, forms?: Settings["forms"]): SharedSessions {
  return isSessions(config) ? config.shared : makeShared(config, forms).shared;
}

/** Whether they are sessions, and not their settings. Without `instanceof`, so that a bundle with settings leaves the class out. */
export function isSessions(config: SessionConfig | Sessions | undefined): config is Sessions {
  return (config as Partial<Sessions> | null | undefined)?.shared !== undefined;
}
