import type { SessionKeeper } from "../keeping/keeping.ts";
import type { OwnedSessions } from "../keeping/owned-sessions.ts";
import type { Settings } from "../settings/settings.ts";
import type { Signer } from "../signing/signing.ts";
import type { CookieRules } from "./cookies.ts";

/** What the sessions of all requests share. */
export interface SharedSessions {
  readonly settings: Settings;
  /** By the name of a backend; `undefined`: for the configured one. */
  readonly keepers: ReadonlyMap<string | undefined, SessionKeeper>;
  /** The sessions of owners in the configured backend. @throws ConfigError when it has no index of owners. */
  readonly owned: () => OwnedSessions;
  /** For secure cookies. */
  readonly signer: Signer;
  readonly cookies: CookieRules;
}
