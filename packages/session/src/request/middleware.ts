import { setLocal } from "@mini/core";
import type { Application, Middleware, RequestHandler } from "@mini/core";
import type { SessionBackend } from "../keeping/backend.ts";
import { KeyedStore } from "../keeping/backend-records.ts";
import { KeyedMedium } from "../keeping/server-sessions.ts";
import { SecureCookieMedium } from "../keeping/cookie-sessions.ts";
import type { SessionMedium } from "../keeping/keeping.ts";
import { OutgoingCookies } from "./outgoing.ts";
import { OwnedSessions } from "../keeping/owned-sessions.ts";
import type { SharedSessions } from "./request.ts";
import { SecureCookie } from "../signing/signing.ts";
import { SessionIds } from "../signing/session-ids.ts";
import { readSettings } from "../settings/settings.ts";
import { SessionStore } from "./session-store.ts";

/** Gives each request its `local.sessionStore`. What is asked of it is committed before the head of the response. */
export class SessionMiddleware implements Middleware {
  static readonly provides = ["sessionStore"] as const;
  readonly #shared: SharedSessions;

  /** @throws ConfigError when `config.session` is missing or wrong. */
  constructor({ config, logger }: Pick<Application, "config" | "logger">) {
    const settings = readSettings(config.session);
    const { keys, encrypt, now, idleTimeout } = settings;
    const ids = new SessionIds({ keys, encrypt, now });
    const keep = (backend: SessionBackend) => new KeyedStore({ ...settings, backend, ids, logger });
    const inCookies = new SecureCookieMedium({ keys, encrypt, now });
    const main = settings.backend === "securecookie" ? undefined : keep(settings.backend);
    const media = new Map<string | undefined, SessionMedium>([
      ["securecookie", inCookies],
      [undefined, main === undefined ? inCookies : new KeyedMedium(main)],
    ]);
    for (const [name, backend] of Object.entries(settings.backends)) media.set(name, new KeyedMedium(keep(backend)));
    this.#shared = {
      settings,
      media,
      owned: () => new OwnedSessions(main, idleTimeout),
      secureCookie: new SecureCookie({ keys, encrypt, now, purpose: "secure-cookie" }),
      outgoing: new OutgoingCookies(logger),
    };
  }

  beforeDispatch(handler: RequestHandler): void {
    setLocal("sessionStore", new SessionStore(this.#shared, handler.request));
  }
}
