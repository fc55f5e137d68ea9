import type { Request } from "@mini/core";
import type { SessionCookieOptions, SessionOptions } from "../settings/config.ts";
import { handled } from "./handled.ts";
import { encodeJson, isPlainObject, parseJson } from "../record/json.ts";
import { quoted } from "../record/operations.ts";
import type { OwnedSession, OwnedSessions, OwnSession } from "../keeping/owned-sessions.ts";
import { RequestSessions, type SharedSessions } from "./request.ts";
import type { Session } from "./session.ts";
import type { SessionData, SessionValues } from "../record/session-data.ts";
import { checkCookieName, withCookieOptions } from "../settings/settings.ts";

/**
 * The sessions and secure cookies of one request: `local.sessionStore`. As long as nothing is asked of it, it does
 * nothing. Sessions are told apart by key, which is the name of their cookie without the configured prefix; left
 * out, it is the configured `cookieName`.
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

  get #defaultKey(): string {
    return this.#shared.settings.cookieName;
  }

  /**
   * A session, loaded at the first call; later ones give the same object, and only merge their options.
   *
   * @throws SessionCommittedError for a first call after the head was written; ConfigError for a key that is no
   *   cookie name, and for options that do not go together; SessionUnavailableError when the backend fails.
   */
  getSession<Data extends object = SessionData>(key = this.#defaultKey, options?: SessionOptions): Promise<Session<Data>> {
    try {
      const { session } = this.#used.open(key, options);
      // One object whatever the caller says is in it.
      return (session instanceof Promise ? session : Promise.resolve(session)) as Promise<unknown> as Promise<Session<Data>>;
    } catch (error) {
      return handled(Promise.reject(error as Error));
    }
  }

  /** Replaces all that a session holds, and gives the session. */
  setSession<Data extends object = SessionData, Values extends object = Partial<Data>>(
    key: string | undefined,
    data: SessionValues<Data, Values>,
    options?: SessionOptions,
  ): Promise<Session<Data>> {
    return handled(this.#replace<Data, Values>(key, data, options));
  }

  async #replace<Data extends object, Values extends object>(
    key: string | undefined,
    data: SessionValues<Data, Values>,
    options: SessionOptions | undefined,
  ): Promise<Session<Data>> {
    for (const [name, value] of Object.entries(data)) encodeJson(name, value);
    const sessions = this.#used;
    const replacing = this.getSession<Data>(key, options).then((session) => {
      session.clear();
      session.assign(data);
      return session;
    });
    return sessions.wait(sessions.must(replacing));
  }

  /** Changes the options of a session that this request uses already; `false` when it does not. */
  updateSessionOptions(key: string | undefined, options: SessionOptions): boolean {
    return this.#sessions?.change(key ?? this.#defaultKey, options) ?? false;
  }

  /**
   * Ends a session at once and clears its cookie, even when the request goes on to fail. Objects of the session are
   * empty from then on; what is set on them begins a new one. Ending it twice is fine.
   *
   * @param options - `backend`, for a session that is not kept in the configured one.
   * @throws SessionUnavailableError when the backend fails; the answer is 503 then, and clears the cookie.
   */
  deleteSession(key = this.#defaultKey, options?: Pick<SessionOptions, "backend">): Promise<void> {
    return handled(this.#end(key, options));
  }

  async #end(key: string, options: SessionOptions | undefined): Promise<void> {
    await this.#used.end(key, options);
  }

  /**
   * The live sessions that were given to an owner by `regenerate({ owner })`, the newest first; of the configured
   * backend, as the methods below.
   *
   * @throws ConfigError when sessions are kept in cookies; SessionUnavailableError.
   */
  listSessions<Data extends object = SessionData>(owner: string): Promise<OwnedSession<Data>[]> {
    return handled(this.#list<Data>(owner));
  }

  async #list<Data extends object>(owner: string): Promise<OwnedSession<Data>[]> {
    const sessions: readonly OwnedSession<object>[] = await this.#used.owned((owned, own) => owned.list(owner, own));
    return sessions as OwnedSession<Data>[];
  }

  /** Ends the owner's session of that name; `false` when there is none. Who is logged in with it is so no longer. */
  revoke(owner: string, handle: string): Promise<boolean> {
    return this.#revoking((owned) => owned.revoke(owner, handle));
  }

  /** Ends all sessions of the owner but the ones of this request; how many there were. To be called when a password changes. */
  revokeOthers(owner: string): Promise<number> {
    return this.#revoking((owned, own) => owned.revokeExcept(owner, own));
  }

  /** Ends all sessions of the owner, also one that is being made at this moment; how many there were. */
  revokeAll(owner: string): Promise<number> {
    return this.#revoking((owned) => owned.revokeExcept(owner, []));
  }

  #revoking<Result>(revoke: (owned: OwnedSessions, own: readonly OwnSession[]) => Promise<Result>): Promise<Result> {
    return handled(this.#revoke(revoke));
  }

  async #revoke<Result>(revoke: (owned: OwnedSessions, own: readonly OwnSession[]) => Promise<Result>): Promise<Result> {
    const sessions = this.#used;
    return sessions.wait(sessions.must(sessions.owned(revoke)));
  }

  /**
   * What a secure cookie of the request holds; `undefined` when there is none that was signed here for this name.
   *
   * @param options - `maxAge`: seconds since signing after which it no longer counts; left out, it always does.
   */
  getSecureCookie<Data extends object = Record<string, unknown>>(
    name: string,
    { maxAge }: { readonly maxAge?: number | undefined } = {},
  ): Data | undefined {
    const cookieName = this.#shared.settings.prefix + name;
    for (const value of this.#used.received(cookieName)) {
      const found = this.#shared.secureCookie.unsign(cookieName, value, maxAge);
      const data = found.ok ? parseJson(found.text) : undefined;
      if (isPlainObject(data)) return data as Data;
    }
    return undefined;
  }

  /**
   * Sends a signed cookie, encrypted with the `encrypt` setting, in place of an earlier one. An unexpected error
   * drops it.
   *
   * @param data - A plain object of JSON values.
   * @param options - Attributes, over the configured ones.
   * @throws TypeError for other data; CookieTooLargeError; SessionCommittedError once the head is written.
   */
  setSecureCookie(name: string, data: object, options?: SessionCookieOptions): void {
    const { settings, secureCookie } = this.#shared;
    if (!isPlainObject(data)) throw new TypeError(`Cannot set the secure cookie ${quoted(name)}: its data must be a plain object.`);
    for (const [key, value] of Object.entries(data)) encodeJson(key, value);
    const sessions = this.#used;
    sessions.mustBeOpen("set the secure cookie", name);
    checkCookieName(settings, name);
    const cookie = options === undefined ? settings.cookie : withCookieOptions(settings, name, settings.cookie, options);
    const cookieName = settings.prefix + name;
    sessions.cookies.send(cookieName, secureCookie.sign(cookieName, JSON.stringify(data)), cookie, data);
  }
}
