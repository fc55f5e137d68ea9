import { App, SecurityHeaders } from "@mini/core";
import { SessionMiddleware } from "@mini/session";
import type { SessionBackend } from "@mini/session";
import { CurrentUser } from "./current-user.ts";
import { errorHandlers } from "./error-pages.ts";
import { rules } from "./urls.ts";
import type { Users } from "./users.ts";

export interface Parts {
  readonly secretKey: string;
  /** Where the sessions are kept. */
  readonly backend: SessionBackend;
  readonly users: Users;
}

export function makeApp({ secretKey, backend, users }: Parts) {
  return new App({
    rules,
    // Around every handler and error page, because every page shows who is logged in.
    middleware: [SecurityHeaders, SessionMiddleware, new CurrentUser(users)],
    errorHandlers,
    config: {
      session: {
        secretKey,
        backend,
        idleTimeout: 30 * 60,
        maxAge: 7 * 24 * 60 * 60,
        cookie: { sameSite: "lax" },
      },
    },
  });
}
