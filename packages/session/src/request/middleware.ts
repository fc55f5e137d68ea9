import { setLocal } from "@mini/core";
import type { Application, Middleware, RequestHandler } from "@mini/core";
import { BackendRecords } from "../keeping/backend-records.ts";
import type { SessionBackend } from "../keeping/backend.ts";
import { CookieSessions } from "../keeping/cookie-sessions.ts";
import type { SessionKeeper } from "../keeping/keeping.ts";
import { OwnedSessions } from "../keeping/owned-sessions.ts";
import { ServerSessions } from "../keeping/server-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import { readSettings } from "../settings/settings.ts";
import { SessionIds } from "../signing/session-ids.ts";
import { Signer } from "../signing/signing.ts";
import { CookieSender } from "./cookies.ts";
import type { SharedSessions } from "./request.ts";
import { SessionStore } from "./session-store.ts";

/** Gives each request its `local.sessionStore`. Changes are committed before the head of the response. */
export class SessionMiddleware implements Middleware {
  static readonly provides = ["sessionStore"] as const;
  readonly #shared: SharedSessions;

  /** @throws ConfigError when `config.session` is missing or wrong. */
  constructor({ config, logger }: Pick<Application, "config" | "logger">) {
    const settings = readSettings(config.session);
    const { secretKeys, encrypt, now, idleTimeout } = settings;
    const ids = new SessionIds({ secretKeys, encrypt, now });
    const recordsOf = (backend: SessionBackend) => new BackendRecords({ ...settings, backend, ids, logger });
    const inCookies = new CookieSessions({ secretKeys, encrypt, now });
    const records = settings.backend === "securecookie" ? undefined : recordsOf(settings.backend);
    const keepers = new Map<string | undefined, SessionKeeper>([
      ["securecookie", inCookies],
      [undefined, records === undefined ? inCookies : new ServerSessions(records)],
    ]);
    for (const [name, backend] of Object.entries(settings.backends)) keepers.set(name, new ServerSessions(recordsOf(backend)));
    this.#shared = {
      settings,
      keepers,
      owned: () => new OwnedSessions(records, idleTimeout),
      signer: new Signer({ secretKeys, encrypt, now, purpose: "secure-cookie" }),
      cookies: new CookieSender(logger),
    };
  }

  beforeDispatch(handler: RequestHandler): void {
    setLocal("sessionStore", new SessionStore(this.#shared, handler.request));
  }
}

declare module "@mini/core" {
  interface Local {
    /** Set by `SessionMiddleware`. Reading it in a request without that throws a `LocalError`. */
    readonly sessionStore: SessionStore;
  }

  interface Config {
    /** Settings of `@mini/session`. */
    readonly session?: SessionConfig;
  }
}
