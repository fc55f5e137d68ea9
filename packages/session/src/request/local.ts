import type { SessionConfig } from "../settings/config.ts";
import type { SessionStore } from "./session-store.ts";

declare module "@mini/core" {
  interface Local {
    /** Set by SessionMiddleware; reading it elsewhere throws `LocalError`. */
    readonly sessionStore: SessionStore;
  }

  interface Config {
    /** Settings of `@mini/session`. */
    readonly session?: SessionConfig;
  }
}
