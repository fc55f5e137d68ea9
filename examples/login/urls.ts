import { Rule } from "@mini/core";
import { StaticFiles } from "@mini/core/static";
import { AccountHandler } from "./handlers/account.ts";
import { HomeHandler } from "./handlers/home.ts";
import { PasswordHandler } from "./handlers/password.ts";
import { RevokeHandler, RevokeOthersHandler, SessionsHandler } from "./handlers/sessions.ts";
import { LogInHandler } from "./handlers/log-in.ts";
import { LogOutHandler } from "./handlers/log-out.ts";
import { SignUpHandler } from "./handlers/sign-up.ts";

const Static = StaticFiles({ root: new URL("./public/", import.meta.url), fingerprint: true });

export const rules = [
  new Rule("/", { endpoint: "home", handler: HomeHandler }),
  new Rule("/sign-up", { endpoint: "sign-up", handler: SignUpHandler }),
  new Rule("/log-in", { endpoint: "log-in", handler: LogInHandler }),
  new Rule("/log-out", { endpoint: "log-out", handler: LogOutHandler }),
  new Rule("/account", { endpoint: "account", handler: AccountHandler }),
  new Rule("/account/password", { endpoint: "password", handler: PasswordHandler }),
  new Rule("/account/sessions", { endpoint: "sessions", handler: SessionsHandler }),
  new Rule("/account/sessions/revoke-others", { endpoint: "sessions/revoke-others", handler: RevokeOthersHandler }),
  new Rule("/account/sessions/:handle/revoke", { endpoint: "sessions/revoke", handler: RevokeHandler }),
  new Rule("/static/*path", { endpoint: "static", handler: Static, appMiddleware: false }),
] as const;

declare module "@mini/core" {
  /** With this, the compiler checks the endpoints and parameters of `urlFor`. */
  interface Register {
    rules: typeof rules;
  }
}
