import type { OwnedSession } from "../keeping/owned-sessions.ts";
import type { SessionData, SessionValues } from "../record/session-data.ts";
import type { SessionCookieOptions, SessionOptions } from "../settings/config.ts";
import type { Session } from "./session.ts";

/**
 * The sessions and secure cookies of one request: `local.sessionStore`, or a {@link Visit}. It does nothing until it is used. Each
 * session has a name, which is the name of its cookie without the configured prefix; left out, it is the configured `cookieName`.
 */
export interface SessionStore {
  /**
   * A session. The first call loads it; later calls return the same object, and only add their options.
   *
   * @throws ConfigError for a name that no cookie can have, and for options that contradict each other. It is thrown at once; the
   *   promise is rejected with other errors: SessionCommittedError for a first call, or new options, after the head was written;
   *   SessionUnavailableError when the backend fails.
   */
  getSession<Data extends object = SessionData>(name?: string, options?: SessionOptions): Promise<Session<Data>>;

  /**
   * Replaces all values of a session, and returns the session.
   *
   * @throws TypeError, at once, for a value that JSON cannot represent; the errors of `getSession`.
   */
  setSession<Data extends object = SessionData, Values extends object = Partial<Data>>(
    name: string | undefined,
    data: SessionValues<Data, Values>,
    options?: SessionOptions,
  ): Promise<Session<Data>>;

  /**
   * Changes the options of a session that this request already uses; `false` when it does not use it.
   *
   * @throws ConfigError for options that contradict each other; SessionCommittedError once the head is written.
   */
  updateSessionOptions(name: string | undefined, options: SessionOptions): boolean;

  /**
   * Ends a session at once and clears its cookie, even when the request fails afterwards. `Session` objects are empty from then on;
   * setting a value begins a new session. Ending a session twice is not an error.
   *
   * @param options - `backend`, for a session that is not kept in the configured one.
   * @throws SessionUnavailableError when the backend fails; the response is 503 then, and clears the cookie.
   */
  deleteSession(name?: string, options?: Pick<SessionOptions, "backend">): Promise<void>;

  /**
   * The live sessions that `regenerate({ owner })` has given to an owner, the newest first. This method and those below are
   * about the configured backend.
   *
   * @throws ConfigError when sessions are kept in cookies; SessionUnavailableError.
   */
  listSessions<Data extends object = SessionData>(owner: string): Promise<OwnedSession<Data>[]>;

  /** Ends the owner's session with this handle, which logs its device out; `false` when there is none. */
  revoke(owner: string, handle: string): Promise<boolean>;

  /** Ends all sessions of the owner except those of this request; returns their number. Call it when a password changes. */
  revokeOthers(owner: string): Promise<number>;

  /** Ends all sessions of the owner, including those that are created at this moment; returns their number. */
  revokeAll(owner: string): Promise<number>;

  /**
   * The data of a secure cookie of the request; `undefined` when there is none that was signed here for this name.
   *
   * @param options - `maxAge`: seconds since signing after which the cookie is not accepted; left out, its age does not matter.
   */
  getSecureCookie<Data extends object = Record<string, unknown>>(
    name: string,
    options?: { readonly maxAge?: number | undefined },
  ): Data | undefined;

  /**
   * Sends a signed cookie, or an encrypted one with the setting `encrypt`. It replaces an earlier one with this name. It is not
   * sent if the request ends with an unexpected error.
   *
   * @param data - A plain object of JSON values.
   * @param options - Attributes, in addition to the configured ones.
   * @throws TypeError for other data; CookieTooLargeError; SessionCommittedError once the head is written.
   */
  setSecureCookie(name: string, data: object, options?: SessionCookieOptions): void;

  /**
   * Clears a secure cookie, even when the request fails afterwards. `getSecureCookie` still returns what this request received.
   *
   * @param options - The attributes that it was set with, in addition to the configured ones; `path` and `domain` matter.
   * @throws ConfigError for a name or attributes that no cookie can have; SessionCommittedError once the head is written.
   */
  deleteSecureCookie(name: string, options?: SessionCookieOptions): void;
}
