import type { SessionConfig } from "./config.ts";
import type { SessionStore } from "./store.ts";

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
