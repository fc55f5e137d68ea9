import { App, SecurityHeaders } from "@mini/core";
import type { Settings } from "./config.ts";
import { errorHandlers } from "./error-pages.ts";
import { rules } from "./urls.ts";

/** What the application needs to know. Tests pass only a key. */
type AppSettings = Pick<Settings, "secretKey"> & Partial<Pick<Settings, "trustProxy" | "trustedHosts" | "debug">>;

export function makeApp({ secretKey, trustProxy, trustedHosts, debug }: AppSettings) {
  return new App({
    rules,
    middleware: [SecurityHeaders],
    errorHandlers,
    config: { session: { secretKey } },
    trustProxy,
    trustedHosts,
    debug,
  });
}
