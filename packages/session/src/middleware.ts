import { setLocal } from "@mini/core";
import type { Application, Middleware, RequestHandler } from "@mini/core";
import { SecureCookieMedium } from "./backends/securecookie.ts";
import { OutgoingCookies } from "./outgoing.ts";
import type { SharedSessions } from "./request-sessions.ts";
import { SecureCookie } from "./secure-cookie.ts";
import { readSettings } from "./settings.ts";
import { SessionStore } from "./store.ts";

/** Gives each request its `local.sessionStore`. What is asked of it is committed before the head of the response. */
export class SessionMiddleware implements Middleware {
  static readonly provides = ["sessionStore"] as const;
  readonly #shared: SharedSessions;

  /** @throws ConfigError when `config.session` is missing or wrong. */
  constructor({ config, logger }: Pick<Application, "config" | "logger">) {
    const settings = readSettings(config.session);
    const { keys, encrypt, now } = settings;
    this.#shared = {
      settings,
      medium: new SecureCookieMedium({ keys, encrypt, now }),
      secureCookie: new SecureCookie({ keys, encrypt, now, purpose: "secure-cookie" }),
      outgoing: new OutgoingCookies(logger),
    };
  }

  beforeDispatch(handler: RequestHandler): void {
    setLocal("sessionStore", new SessionStore(this.#shared, handler.request));
  }
}
