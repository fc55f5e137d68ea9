import { local, LocalError, setLocal } from "@mini/core";
import type { Application, Middleware, Request, RequestHandler } from "@mini/core";
import { BackendRecords } from "../keeping/backend-records.ts";
import type { SessionBackend } from "../keeping/backend.ts";
import { CookieSessions } from "../keeping/cookie-sessions.ts";
import type { SessionKeeper } from "../keeping/keeping.ts";
import { OwnedSessions, type OwnedSession, type OwnSession } from "../keeping/owned-sessions.ts";
import { ServerSessions } from "../keeping/server-sessions.ts";
import { encodeJson, isPlainObject, parseJson, quoted } from "../record/contents.ts";
import type { SessionData, SessionValues } from "../record/session-data.ts";
import type { SessionConfig, SessionCookieOptions, SessionOptions } from "../settings/config.ts";
import { checkCookieName, readSettings, withCookieOptions } from "../settings/settings.ts";
import { SessionIds, Signer } from "../signing/signing.ts";
import { CookieSender } from "./cookies.ts";
import { RequestSessions, type SharedSessions } from "./request.ts";
import { markHandled, type Session } from "./session.ts";

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

/** The newest instance of the middleware of each application. */
const instances = new WeakMap<object, SessionMiddleware>();

/** Gives a request its `local.sessionStore` if no list of middleware has done it. */
export function provideStore(handler: RequestHandler): void {
  if ("sessionStore" in local) return;
  (instances.get(handler.app) ?? new SessionMiddleware(handler.app)).beforeDispatch(handler);
}

/** Gives each request its `local.sessionStore`. Changes are committed before the head of the response. */
export class SessionMiddleware implements Middleware {
  static readonly provides = ["sessionStore"] as const;
  static {
    LocalError.providers.set("sessionStore", "SessionMiddleware");
  }
  readonly #shared: SharedSessions;

  /** @throws ConfigError when `config.session` is missing or wrong. */
  constructor(app: Pick<Application, "config" | "logger">) {
    const { config, logger } = app;
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
    instances.set(app, this);
  }

  beforeDispatch(handler: RequestHandler): void {
    setLocal("sessionStore", new SessionStore(this.#shared, handler.request));
  }
}

/**
 * The sessions and secure cookies of one request: `local.sessionStore`. It does nothing until it is used. Each session has a
 * name, which is the name of its cookie without the configured prefix; left out, it is the configured `cookieName`.
 */
export class SessionStore {
  readonly #shared: SharedSessions;
  readonly #request: Request;
  #sessions: RequestSessions | undefined;

  constructor(shared: SharedSessions, request: Request) {
    this.#shared = shared;
    this.#request = request;
  }

  get #used(): RequestSessions {
    return (this.#sessions ??= new RequestSessions(this.#shared, this.#request));
  }

  get #defaultName(): string {
    return this.#shared.settings.cookieName;
  }

  /**
   * A session. The first call loads it; later calls give the same object, and only add their options.
   *
   * @throws SessionCommittedError for a first call after the head was written; ConfigError for a name that no cookie can
   *   have, and for options that contradict each other; SessionUnavailableError when the backend fails.
   */
  getSession<Data extends object = SessionData>(name = this.#defaultName, options?: SessionOptions): Promise<Session<Data>> {
    try {
      const { session } = this.#used.open(name, options);
      // The type of the data is the caller's to say; the object is the same.
      return (session instanceof Promise ? session : Promise.resolve(session)) as Promise<unknown> as Promise<Session<Data>>;
    } catch (error) {
      return markHandled(Promise.reject(error as Error));
    }
  }

  /** Replaces everything that a session holds, and gives the session. */
  setSession<Data extends object = SessionData, Values extends object = Partial<Data>>(
    name: string | undefined,
    data: SessionValues<Data, Values>,
    options?: SessionOptions,
  ): Promise<Session<Data>> {
    return markHandled(this.#replace<Data, Values>(name, data, options));
  }

  async #replace<Data extends object, Values extends object>(
    name: string | undefined,
    data: SessionValues<Data, Values>,
    options: SessionOptions | undefined,
  ): Promise<Session<Data>> {
    for (const [key, value] of Object.entries(data)) encodeJson(key, value);
    const sessions = this.#used;
    const replacing = this.getSession<Data>(name, options).then((session) => {
      session.clear();
      session.assign(data);
      return session;
    });
    return sessions.delayResponse(sessions.mustSucceed(replacing));
  }

  /** Changes the options of a session that this request uses already; `false` when it does not. */
  updateSessionOptions(name: string | undefined, options: SessionOptions): boolean {
    return this.#sessions?.change(name ?? this.#defaultName, options) ?? false;
  }

  /**
   * Ends a session at once and clears its cookie, even when the request fails afterwards. Objects of the session are empty
   * from then on; values that are set on them begin a new one. Ending a session twice is fine.
   *
   * @param options - `backend`, for a session that is not kept in the configured one.
   * @throws SessionUnavailableError when the backend fails; the response is 503 then, and clears the cookie.
   */
  deleteSession(name = this.#defaultName, options?: Pick<SessionOptions, "backend">): Promise<void> {
    return markHandled(this.#end(name, options));
  }

  async #end(name: string, options: SessionOptions | undefined): Promise<void> {
    await this.#used.end(name, options);
  }

  /**
   * The live sessions that belong to an owner by `regenerate({ owner })`, the newest first. This method and those below are
   * about the configured backend.
   *
   * @throws ConfigError when sessions are kept in cookies; SessionUnavailableError.
   */
  listSessions<Data extends object = SessionData>(owner: string): Promise<OwnedSession<Data>[]> {
    return markHandled(this.#list<Data>(owner));
  }

  async #list<Data extends object>(owner: string): Promise<OwnedSession<Data>[]> {
    const sessions: readonly OwnedSession<object>[] = await this.#used.owned((owned, own) => owned.list(owner, own));
    return sessions as OwnedSession<Data>[];
  }

  /** Ends the owner's session with that handle, which logs its device out; `false` when there is none. */
  revoke(owner: string, handle: string): Promise<boolean> {
    return this.#revoking((owned) => owned.revoke(owner, handle));
  }

  /** Ends all sessions of the owner except those of this request; gives their number. Call it when a password changes. */
  revokeOthers(owner: string): Promise<number> {
    return this.#revoking((owned, own) => owned.revokeExcept(owner, own));
  }

  /** Ends all sessions of the owner, also one that is created at this moment; gives their number. */
  revokeAll(owner: string): Promise<number> {
    return this.#revoking((owned) => owned.revokeExcept(owner, []));
  }

  #revoking<Result>(revoke: (owned: OwnedSessions, own: readonly OwnSession[]) => Promise<Result>): Promise<Result> {
    return markHandled(this.#revoke(revoke));
  }

  async #revoke<Result>(revoke: (owned: OwnedSessions, own: readonly OwnSession[]) => Promise<Result>): Promise<Result> {
    const sessions = this.#used;
    return sessions.delayResponse(sessions.mustSucceed(sessions.owned(revoke)));
  }

  /**
   * The data of a secure cookie of the request; `undefined` when there is none that was signed here for this name.
   *
   * @param options - `maxAge`: seconds since signing after which it no longer counts; left out, it always counts.
   */
  getSecureCookie<Data extends object = Record<string, unknown>>(
    name: string,
    { maxAge }: { readonly maxAge?: number | undefined } = {},
  ): Data | undefined {
    const cookieName = this.#shared.settings.prefix + name;
    for (const value of this.#used.received(cookieName)) {
      const found = this.#shared.signer.unsign(cookieName, value, maxAge);
      const data = found.ok ? parseJson(found.text) : undefined;
      if (isPlainObject(data)) return data as Data;
    }
    return undefined;
  }

  /**
   * Sends a signed cookie, or an encrypted one with the setting `encrypt`, in place of an earlier one of that name. It is not sent
   * when the request ends in an unexpected error.
   *
   * @param data - A plain object of JSON values.
   * @param options - Attributes, in addition to the configured ones.
   * @throws TypeError for other data; CookieTooLargeError; SessionCommittedError once the head is written.
   */
  setSecureCookie(name: string, data: object, options?: SessionCookieOptions): void {
    const { settings, signer } = this.#shared;
    if (!isPlainObject(data)) throw new TypeError(`Cannot set the secure cookie ${quoted(name)}: its data must be a plain object.`);
    for (const [key, value] of Object.entries(data)) encodeJson(key, value);
    const sessions = this.#used;
    sessions.mustBeOpen("set the secure cookie", name);
    checkCookieName(settings, name);
    const cookie = options === undefined ? settings.cookie : withCookieOptions(settings, name, settings.cookie, options);
    const cookieName = settings.prefix + name;
    sessions.cookies.send(cookieName, signer.sign(cookieName, JSON.stringify(data)), cookie, { data, flashes: [] });
  }
}
