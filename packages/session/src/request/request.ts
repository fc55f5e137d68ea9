import { beforeHead, ConfigError, cookieValues, local, LocalError, vary } from "@mini/core";
import type { Request, Response } from "@mini/core";
import { SessionUnavailableError } from "../keeping/deadline.ts";
import type { KeptSession, Received, SessionKeeper } from "../keeping/keeping.ts";
import type { OwnedSessions } from "../keeping/owned-sessions.ts";
import { quoted } from "../record/contents.ts";
import type { SessionOptions } from "../settings/config.ts";
import { checkCookieName, withOptions, type SessionSettings, type Settings } from "../settings/settings.ts";
import type { Signer } from "../signing/signing.ts";
import { RequestCookies, type CookieSender } from "./cookies.ts";
import { OpenSession, SessionCommittedError, type SessionRequest } from "./open-session.ts";
import { markHandled, type Session } from "./session.ts";

/** What the sessions of all requests of an application share. */
export interface SharedSessions {
  readonly settings: Settings;
  /** By the name of a backend; `undefined`: for the configured one. */
  readonly keepers: ReadonlyMap<string | undefined, SessionKeeper>;
  /** The sessions of owners in the configured backend. @throws ConfigError when it has no index of owners. */
  readonly owned: () => OwnedSessions;
  /** For secure cookies. */
  readonly signer: Signer;
  readonly cookies: CookieSender;
}

/** A session that is being loaded. */
interface Loading {
  settings: SessionSettings;
  readonly session: Promise<Session>;
}

/** How many values of one cookie name are tried, and the most characters that each may have. */
const mostValues = 4;
const longestValue = 4096;

/**
 * The way of the sessions of one request. Created by the first access.
 *
 * - Load: the handler asks for a session. `open` loads it from its {@link SessionKeeper}: a cookie, or a backend.
 * - Change: the handler gets a {@link Session}. Its methods note in the {@link OpenSession} what was done.
 * - Commit: before the head of the response, `#finish` has each open session save its changes where it is kept. When the
 *   handler has failed, or a session cannot be saved, only what the handler has committed itself is kept.
 */
export class RequestSessions implements SessionRequest {
  readonly #shared: SharedSessions;
  readonly #request: Request;
  readonly #sessions = new Map<string, OpenSession | Loading>();
  /** Work that the response waits for, whether or not the handler does. */
  #work: Set<Promise<unknown>> | undefined;
  /** Why a session could not be loaded or saved. Then nothing is committed, even when the handler catches the error. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether a change that had to be saved could not be saved. */
  #hasUnsavedChange = false;
  #isFinished = false;
  #cookies: RequestCookies | undefined;

  /** @throws SessionCommittedError when the head is written. */
  constructor(shared: SharedSessions, request: Request) {
    this.#shared = shared;
    this.#request = request;
    try {
      beforeHead((response) => this.#finish(response));
    } catch (error) {
      // Within a request, beforeHead() fails only when the head is being written.
      if (error instanceof LocalError) throw error;
      throw new SessionCommittedError("use a session or secure cookie for the first time", { cause: error });
    }
    vary("Cookie");
  }

  get settings(): Settings {
    return this.#shared.settings;
  }

  get cookies(): RequestCookies {
    return (this.#cookies ??= new RequestCookies(this.#shared.cookies, this.#request));
  }

  get isUnseen(): boolean {
    const { method, headers } = this.#request;
    const purpose = `${headers.get("sec-purpose") ?? ""};${headers.get("purpose") ?? ""}`;
    return method === "HEAD" || /(?:^|;)\s*prefetch\s*(?:;|$)/i.test(purpose);
  }

  /** @param name - The session or cookie that is to be changed, if it is a single one. */
  mustBeOpen(doing: string, name?: string): void {
    if (this.#isFinished) throw new SessionCommittedError(name === undefined ? doing : `${doing} ${quoted(name)}`);
  }

  /** The values that the client sent under a cookie name: the first four, without those that are too long. */
  received(cookieName: string): string[] {
    const values = cookieValues(this.#request.headers.get("cookie"), cookieName, mostValues);
    return values.filter((value) => value.length <= longestValue);
  }

  // Load

  /** A session by its name. It is loaded once; later calls give the same object. */
  open(name: string, options?: SessionOptions): OpenSession | Loading {
    const known = this.#sessions.get(name);
    if (known !== undefined) {
      if (options !== undefined) this.#merge(name, known, options);
      return known;
    }
    this.mustBeOpen("load the session", name);
    if (name !== this.settings.cookieName) checkCookieName(this.settings, name);
    const settings = this.#settingsOf(name, options);
    const cookieName = this.settings.prefix + name;
    const kept = this.#keeperOf(settings).load(this.#receivedFor(cookieName, settings));
    if (kept instanceof Promise) return this.#load(name, cookieName, settings, kept);
    const opened = new OpenSession(this, cookieName, settings, kept);
    this.#sessions.set(name, opened);
    return opened;
  }

  #load(name: string, cookieName: string, settings: SessionSettings, kept: Promise<KeptSession>): Loading {
    const session = kept.then(
      (loaded) => {
        const opened = new OpenSession(this, cookieName, loading.settings, loaded);
        if (this.#isFinished) opened.close();
        this.#sessions.set(name, opened);
        return opened.session;
      },
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
    const loading: Loading = { settings, session: markHandled(session) };
    this.#sessions.set(name, loading);
    return loading;
  }

  /** A session that is in use, once it is loaded. */
  async #loaded(name: string): Promise<OpenSession> {
    const known = this.#sessions.get(name)!;
    if (known instanceof OpenSession) return known;
    await known.session;
    return this.#loaded(name);
  }

  #settingsOf(name: string, options: SessionOptions | undefined): SessionSettings {
    const { sessionDefaults } = this.settings;
    return options === undefined ? sessionDefaults : withOptions(this.settings, name, sessionDefaults, options);
  }

  #keeperOf({ backend }: SessionSettings): SessionKeeper {
    return this.#shared.keepers.get(backend)!;
  }

  #receivedFor(cookieName: string, { maxAge, idleTimeout }: SessionSettings, values = this.received(cookieName)): Received {
    return { cookieName, values, maxAge, idleTimeout };
  }

  /** Changes the options of a session; `false` when the session is not in use. */
  change(name: string, options: SessionOptions): boolean {
    const known = this.#sessions.get(name);
    if (known === undefined) return false;
    this.#merge(name, known, options);
    return true;
  }

  #merge(name: string, known: OpenSession | Loading, options: SessionOptions): void {
    const settings = withOptions(this.settings, name, known.settings, options);
    if (this.#keeperOf(settings) !== this.#keeperOf(known.settings)) {
      throw new ConfigError(
        `Cannot move the session ${quoted(name)} to another backend: this request uses it already. Name the backend when it is first asked for.`,
      );
    }
    known.settings = settings;
  }

  // Commit

  /** Runs before the head of the response. If work is under way, waits for it and starts again. */
  #finish(response: Response): void | Promise<void> {
    if (this.#work !== undefined && this.#work.size > 0) return Promise.all(this.#work).then(() => this.#finish(response));
    this.#isFinished = true;
    const sessions = [...this.#sessions.values()].filter((session) => session instanceof OpenSession);
    for (const session of sessions) session.close();
    // An error of the handler drops the changes, even when an error handler has made a response of it.
    if (this.#failure !== undefined || "error" in local) return this.#drop(sessions, response);
    try {
      const saving = this.#saveFrom(sessions, 0, response);
      return saving instanceof Promise ? saving.catch((error: unknown) => this.#undo(sessions, error)) : saving;
    } catch (error) {
      return this.#undo(sessions, error);
    }
  }

  /** Saves one session after the other, and stops at the first failure. Returns a promise only if saving one of them does. */
  #saveFrom(sessions: readonly OpenSession[], from: number, response: Response): void | Promise<void> {
    for (let i = from; i < sessions.length; i++) {
      const saving = sessions[i]!.save();
      if (saving instanceof Promise) return saving.then(() => this.#saveFrom(sessions, i + 1, response));
    }
    this.#cookies?.guard(response);
  }

  async #drop(sessions: readonly OpenSession[], response: Response): Promise<void> {
    const failure = "error" in local ? undefined : this.#failure;
    const hasUnsavedChange = failure !== undefined && (this.#hasUnsavedChange || sessions.some(({ hasChanges }) => hasChanges));
    await this.#rollBack(sessions, this.#failure?.error);
    if (failure !== undefined && (hasUnsavedChange || response.status === 503)) {
      this.#restoreLater();
      // Thrown even if the response is already that of this error, so that headers set by the handler are not sent.
      throw failure.error;
    }
    if ("error" in local) this.#cookies?.restore();
    this.#cookies?.guard(response);
  }

  async #undo(sessions: readonly OpenSession[], error: unknown): Promise<never> {
    await this.#rollBack(sessions, error);
    this.#restoreLater();
    throw error;
  }

  /** The error that is thrown next drops all cookies. Afterwards, the cookies that must be sent in any case are set again. */
  #restoreLater(): void {
    beforeHead((response) => {
      this.#cookies?.restore();
      this.#cookies?.guard(response);
    });
  }

  /** Puts messages back. The response does not wait for a backend that has just failed. */
  async #rollBack(sessions: readonly OpenSession[], error: unknown): Promise<void> {
    const putBack = Promise.all(sessions.map(async (session) => session.rollBack()));
    if (!(error instanceof SessionUnavailableError)) await putBack;
  }

  /** Delays the response until the work is done, even when the handler does not await it. Gives the work back. */
  delayResponse<Result>(work: Promise<Result>): Promise<Result> {
    const all = (this.#work ??= new Set());
    const done = () => void all.delete(settled);
    const settled: Promise<void> = work.then(done, done);
    all.add(settled);
    return work;
  }

  /** When the work fails, the response is an error, even when the handler catches it: a change that had to be saved was not. */
  mustSucceed<Result>(work: Result | Promise<Result>): Promise<Result> {
    if (!(work instanceof Promise)) return Promise.resolve(work);
    return work.catch((error: unknown) => {
      this.#fail(error);
      this.#hasUnsavedChange = true;
      throw error;
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  // End

  /** Ends a session and clears its cookie, even if the request fails later. */
  end(name: string, options?: SessionOptions): Promise<void> {
    return this.delayResponse(this.mustSucceed(this.#end(name, options)));
  }

  async #end(name: string, options: SessionOptions | undefined): Promise<void> {
    this.mustBeOpen("delete the session", name);
    if (name !== this.settings.cookieName) checkCookieName(this.settings, name);
    const known = this.#sessions.get(name);
    if (known !== undefined && options !== undefined) this.#merge(name, known, options);
    const settings = known?.settings ?? this.#settingsOf(name, options);
    const cookieName = this.settings.prefix + name;
    const clear = () => this.cookies.clear(cookieName, settings.cookie);
    clear();
    const keeper = this.#keeperOf(settings);
    const fresh = () => keeper.load(this.#receivedFor(cookieName, settings, [])) as KeptSession;
    let endedKey: string | undefined;
    if (known === undefined) this.#sessions.set(name, new OpenSession(this, cookieName, settings, fresh()));
    else endedKey = await (known instanceof OpenSession ? known : await this.#loaded(name)).end(fresh, clear);
    await keeper.end(this.#receivedFor(cookieName, settings), endedKey);
  }

  /** Calls a function with the owners in the configured backend. `own`: the sessions of this request. */
  async owned<Result>(ask: (owned: OwnedSessions, own: readonly OpenSession[]) => Promise<Result>): Promise<Result> {
    this.mustBeOpen("look for the sessions of an owner");
    const owned = this.#shared.owned();
    this.open(this.settings.cookieName);
    const own = await Promise.all(Array.from(this.#sessions.keys(), async (name) => this.#loaded(name)));
    return ask(owned, own);
  }
}
