import { ConfigError, withoutRequest } from "@mini/core/base";
import type { BackendRecordsOptions } from "./backend-records.ts";
import type { BrowserCookies, KeptSession, ReceivedCookies, SessionKeeper } from "./keeping.ts";
import type { LoadedSessions } from "./loaded-sessions.ts";
import type { OwnedSessions } from "./owned-sessions.ts";
import type { CookiePlace, Lifetime } from "../record/saved-session.ts";

/**
 * The sessions in a backend. Their code is loaded only for settings that name a backend, because sessions in cookies do not need it.
 * Loading begins at once. If it fails, the next use tries again and rejects with the error.
 */
export class BackendSessions implements SessionKeeper {
  readonly backend: BackendRecordsOptions["backend"];
  readonly backendName: string;
  readonly #options: BackendRecordsOptions;
  #loaded: LoadedSessions | undefined;
  #loading: Promise<LoadedSessions> | undefined;

  constructor(options: BackendRecordsOptions) {
    this.backend = options.backend;
    this.backendName = options.backendName;
    this.#options = options;
    this.loaded().catch(() => undefined);
  }

  loaded(): Promise<LoadedSessions> {
    return this.#loaded === undefined ? (this.#loading ??= withoutRequest(() => this.#import())) : Promise.resolve(this.#loaded);
  }

  async #import(): Promise<LoadedSessions> {
    try {
      const { LoadedSessions } = await import("./loaded-sessions.ts");
      return (this.#loaded = new LoadedSessions(this.#options));
    } finally {
      // After a failure, the next use tries again. After a success, the promise is dropped, because on Node 20 and 22 a promise keeps
      // the request in memory in which it was made.
      this.#loading = undefined;
    }
  }

  load(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    return this.#ask((sessions) => sessions.load(received));
  }

  begin(received: ReceivedCookies): KeptSession | Promise<KeptSession> {
    return this.#ask((sessions) => sessions.begin(received));
  }

  #ask(ask: (sessions: SessionKeeper) => KeptSession | Promise<KeptSession>): KeptSession | Promise<KeptSession> {
    return this.#loaded === undefined ? this.loaded().then(({ sessions }) => ask(sessions)) : ask(this.#loaded.sessions);
  }

  cookies({ cookieName, request }: ReceivedCookies): BrowserCookies {
    return { names: this.#options.ids.namesIn(cookieName, request), place: undefined };
  }

  async end(received: ReceivedCookies, endedKey: string | undefined): Promise<CookiePlace | undefined> {
    const { sessions } = await this.loaded();
    return sessions.end(received, endedKey);
  }
}

/** The sessions of owners in the configured backend. @throws ConfigError when it has no index of owners. */
export function ownedIn(sessions: BackendSessions | undefined, lifetime: Lifetime): Promise<OwnedSessions> {
  if (sessions?.backend.owners === undefined) {
    throw new ConfigError(
      'Cannot look for the sessions of an owner: the setting "backend" must be one with owners, such as new SqliteBackend({ database }).',
    );
  }
  return sessions.loaded().then((loaded) => loaded.owned(lifetime));
}
