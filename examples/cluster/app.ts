import { App, SecurityHeaders } from "@mini/core";
import { SessionMiddleware } from "@mini/session";
import type { SessionBackend } from "@mini/session";
import { ThisProcess, type FleetView } from "./this-process.ts";
import { rules } from "./urls.ts";

export interface Parts {
  readonly secretKey: string;
  /** Where the sessions of all processes are kept. */
  readonly backend: SessionBackend;
  readonly fleet: FleetView;
}

export function makeApp({ secretKey, backend, fleet }: Parts) {
  return new App({
    rules,
    middleware: [SecurityHeaders, new ThisProcess(fleet), SessionMiddleware],
    // Hundreds of clicks on one session wait for each other. On a slow disk this can take longer than the default of 750 ms.
    config: { session: { secretKey, backend, deadline: 5000 } },
  });
}
