import { ConfigError, cookieValues, recordings } from "@mini/core/base";
import { logFailure } from "../keeping/failures.ts";
import type { KeptSession, ReceivedCookies } from "../keeping/keeping.ts";
import { loadTrace, loadTraced } from "../keeping/traces.ts";
import type { OwnedSession, OwnedSessions } from "../keeping/owned-sessions.ts";
import { checkValues, quoted } from "../record/contents.ts";
import type { SessionData, SessionValues } from "../record/session-data.ts";
import type { SessionCookieOptions, SessionOptions } from "../settings/config.ts";
import { withOptions } from "../settings/session-options.ts";
import { checkCookieName, type SessionSettings, type Settings } from "../settings/settings.ts";
import { dropChanges, undoChanges, type Failure } from "./commit.ts";
import { ResponseCookies } from "./cookies.ts";
import { prefetchPattern, purposeHeaders, SessionCommittedError, type IncomingRequest, type Head, type OutgoingResponse } from "./head.ts";
import { addOptions } from "./more-options.ts";
import { OpenSession, saveAll } from "./open-session.ts";
import { clearSecureCookie, readSecureCookie, sendSecureCookie } from "./secure-cookies.ts";
import type { SessionStore } from "./session-store.ts";
import { markHandled, type Session } from "./session.ts";
import type { SessionRequest, SharedSessions } from "./shared-sessions.ts";

/** A session that is being loaded. */
type Loading = { settings: SessionSettings; readonly session: Promise<Session> };

/**
 * The sessions of one request, from load to commit. It does nothing until it is used.
 *
 * - Load: the handler asks for a session. `open` loads it from its {@link SessionKeeper}: a cookie, or a backend.
 * - Change: the handler gets a {@link Session}. Its methods record the changes in the {@link OpenSession}.
 * - Commit: before the head of the response, `#finish` has each open session save its changes where it is kept. When the
 *   handler has failed, or a session cannot be saved, only what the handler has committed itself is kept.
 */
export class RequestSessions implements SessionStore, SessionRequest {
  readonly settings: Settings;
  readonly #shared: SharedSessions;
  readonly #request: IncomingRequest;
  readonly #head: Head;
  /** Made at the first use. */
  #sessions: Map<string, OpenSession | Loading> | undefined;
  /** Work that the response waits for, even if the handler does not. */
  #work: Set<Promise<unknown>> | undefined;
  /** Why a session could not be loaded or saved. Then nothing is committed, even when the handler catches the error. */
  #failure: Failure | undefined;
  #isFinished = false;
  #cookies: ResponseCookies | undefined;

  constructor(shared: SharedSessions, request: IncomingRequest, head: Head) {
    this.settings = shared.settings;
    this.#shared = shared;
    this.#request = request;
    this.#head = head;
  }

  /** The sessions in use, by name. @throws SessionCommittedError for a first use after the head was written. */
  #used(): Map<string, OpenSession | Loading> {
    if (this.#sessions !== undefined) return this.#sessions;
    this.#head.beforeHead((response) => this.#finish(response));
    this.#head.vary("Cookie");
    return (this.#sessions = new Map());
  }

  get responseCookies(): ResponseCookies {
    return (this.#cookies ??= new ResponseCookies(this.#shared.cookies, this.#request, this.#head, this));
  }

  valuesOf(cookieName: string): readonly string[] {
    return cookieValues(this.#request.headers.get("cookie"), cookieName, Infinity, (sent) => sent);
  }

  get isUnseen(): boolean {
    const { method, headers } = this.#request;
    return method === "HEAD" || purposeHeaders.some((name) => prefetchPattern.test(headers.get(name) ?? ""));
  }

  get hasFailed(): boolean {
    return this.#head.hasFailed;
  }

  get isGone(): boolean {
    return this.#request.signal?.aborted === true;
  }

  /** @param name - The session or cookie that would be changed, if it is only one. */
  mustBeOpen(doing: string, name?: string): void {
    if (this.#isFinished) throw new SessionCommittedError(name === undefined ? doing : `${doing} ${quoted(name)}`);
  }

  // Load

  getSession<Data extends object = SessionData>(name = this.settings.cookieName, options?: SessionOptions): Promise<Session<Data>> {
    try {
      const { session } = this.#open(name, options);
      // The caller chooses the type of the data. The object is the same for all of them.
      return Promise.resolve(session) as Promise<unknown> as Promise<Session<Data>>;
    } catch (error) {
      // Thrown at once, like a refused value, so that a handler that does not await the session gets the error too.
      if (error instanceof ConfigError) throw error;
      const refused = Promise.reject(error as Error);
      return options === undefined ? markHandled(refused) : this.#change(refused);
    }
  }

  setSession<Data extends object>(name: string | undefined, data: object, options?: SessionOptions): Promise<Session<Data>> {
    checkValues(data);
    const replace = (session: Session<Data>) => {
      session.clear();
      session.assign(data as SessionValues<Data, Partial<Data>>);
      return session;
    };
    return this.#change(this.getSession<Data>(name, options).then(replace));
  }

  /** Makes the response wait for the work, even if the handler does not. If the work fails, the response is an error. */
  #change<Result>(work: Promise<Result>): Promise<Result> {
    if (this.#isFinished) logFailure(work, this.settings.logger);
    return markHandled(this.delayResponse(this.mustSucceed(work)));
  }

  /** A session by its name. It is loaded once; later calls return the same object. */
  #open(name: string, options?: SessionOptions): OpenSession | Loading {
    const known = this.#used().get(name);
    if (known !== undefined) {
      if (options !== undefined) addOptions(this.#shared, name, known, options, this.#isFinished);
      return known;
    }
    this.mustBeOpen("load the session", name);
    const cookieName = this.#cookieName(name);
    const settings = this.#settingsOf(name, options);
    const keeper = this.#shared.keepers.get(settings.backend)!;
    const received = this.#receivedFor(cookieName, settings);
    const isTraced = recordings.areMade || loadTrace.channel?.hasSubscribers === true;
    const kept = isTraced ? loadTraced(keeper, received) : keeper.load(received);
    return this.#use(name, cookieName, settings, kept);
  }

  #use(name: string, cookieName: string, settings: SessionSettings, kept: KeptSession | Promise<KeptSession>): OpenSession | Loading {
    if (!(kept instanceof Promise)) {
      const opened = new OpenSession(this, cookieName, settings, kept);
      this.#used().set(name, opened);
      return opened;
    }
    const session = kept.then(
      (loaded) => {
        const opened = new OpenSession(this, cookieName, loading.settings, loaded);
        if (this.#isFinished) opened.close();
        this.#used().set(name, opened);
        return opened.session;
      },
      (error: unknown) => {
        this.#failure ??= { error, hasUnsavedChange: false };
        throw error;
      },
    );
    const loading: Loading = { settings, session: markHandled(session) };
    this.#used().set(name, loading);
    return loading;
  }

  /** A session that is in use, once it is loaded. */
  async #loaded(name: string): Promise<OpenSession> {
    const known = this.#used().get(name)!;
    if (!(known instanceof OpenSession)) await known.session;
    return this.#used().get(name) as OpenSession;
  }

  /** @throws ConfigError for a name that no cookie can have. */
  #cookieName(name: string): string {
    if (name !== this.settings.cookieName) checkCookieName(this.settings, name);
    return this.settings.prefix + name;
  }

  #settingsOf(name: string, options: SessionOptions | undefined): SessionSettings {
    const { sessionDefaults } = this.settings;
    return options === undefined ? sessionDefaults : withOptions(this.settings, name, sessionDefaults, options);
  }

  #receivedFor(cookieName: string, { maxAge, idleTimeout, overrides }: SessionSettings): ReceivedCookies {
    return { cookieName, maxAge, idleTimeout, overrides, request: this };
  }

  updateSessionOptions(name = this.settings.cookieName, options: SessionOptions): boolean {
    const known = this.#sessions?.get(name);
    if (known !== undefined) addOptions(this.#shared, name, known, options, this.#isFinished);
    return known !== undefined;
  }

  // Commit

  /** Runs before the head of the response. If work is under way, waits for it and starts again. */
  #finish(response: OutgoingResponse): void | Promise<void> {
    if (this.#work !== undefined && this.#work.size > 0) return Promise.all(this.#work).then(() => this.#finish(response));
    this.#isFinished = true;
    const sessions = [...this.#used().values()].filter((session) => session instanceof OpenSession);
    for (const session of sessions) session.close();
    // An error of the handler drops the changes, even if an error handler has answered it.
    const endedByError = this.#head.hasFailed;
    const failure = this.#failure;
    if (failure !== undefined || endedByError) {
      return dropChanges(sessions, response, { endedByError, failure, cookies: this.responseCookies, logger: this.settings.logger });
    }
    const guard = () => this.#cookies?.guard(response);
    const undo = (error: unknown) => undoChanges(sessions, error, this.responseCookies);
    try {
      const saving = saveAll(sessions);
      return saving instanceof Promise ? saving.then(guard, undo) : guard();
    } catch (error) {
      return undo(error);
    }
  }

  /** Delays the response until the work is done, even when the handler does not await it. Returns the same promise. */
  delayResponse<Result>(work: Promise<Result>): Promise<Result> {
    const all = (this.#work ??= new Set());
    const done = () => void all.delete(settled);
    const settled: Promise<void> = work.then(done, done);
    all.add(settled);
    return work;
  }

  /** If the work fails, the response is an error, even if the handler catches the error, because a change was not saved. */
  mustSucceed<Result>(work: Result | Promise<Result>): Promise<Result> {
    if (!(work instanceof Promise)) return Promise.resolve(work);
    return work.catch((error: unknown) => {
      this.#failure = { error: this.#failure === undefined ? error : this.#failure.error, hasUnsavedChange: true };
      throw error;
    });
  }

  // End

  deleteSession(name = this.settings.cookieName, options?: Pick<SessionOptions, "backend">): Promise<void> {
    return this.#change(this.#end(name, options));
  }

  async #end(name: string, options: SessionOptions | undefined): Promise<void> {
    const known = this.#used().get(name);
    this.mustBeOpen("delete the session", name);
    const cookieName = this.#cookieName(name);
    if (known !== undefined && options !== undefined) addOptions(this.#shared, name, known, options);
    const settings = known?.settings ?? this.#settingsOf(name, options);
    const keeper = this.#shared.keepers.get(settings.backend)!;
    const received = this.#receivedFor(cookieName, settings);
    const before = keeper.cookies(received);
    const clear = (place = before.place) => this.responseCookies.clear(cookieName, settings.cookie, { ...before, place });
    clear();
    // Clears again, because a running commit may have sent the cookie. No promise: a session of this keeper is loaded by then.
    const fresh = () => (clear(), keeper.begin(received) as KeptSession);
    const finish = async (ended?: KeptSession) => clear((await keeper.end(received, ended?.recordKey)) ?? ended?.place);
    if (known !== undefined) return (known instanceof OpenSession ? known : await this.#loaded(name)).end(fresh, finish);
    const beginning = keeper.begin(received);
    const kept = beginning instanceof Promise ? beginning.then((begun) => finish().then(() => begun)) : beginning;
    const next = this.#use(name, cookieName, settings, kept);
    await (next instanceof OpenSession ? next.inTurn(finish) : next.session);
  }

  listSessions<Data extends object = SessionData>(owner: string): Promise<OwnedSession<Data>[]> {
    return markHandled(this.#owned((owned, own) => owned.list(owner, own) as Promise<OwnedSession<Data>[]>));
  }

  revoke(owner: string, handle: string): Promise<boolean> {
    return this.#change(this.#owned((owned) => owned.revoke(owner, handle)));
  }

  revokeOthers(owner: string): Promise<number> {
    return this.#change(this.#owned((owned, own) => owned.revokeExcept(owner, own)));
  }

  revokeAll(owner: string): Promise<number> {
    return this.#change(this.#owned((owned) => owned.revokeExcept(owner, [])));
  }

  /** `own`: the sessions of this request. */
  async #owned<Result>(ask: (owned: OwnedSessions, own: readonly OpenSession[]) => Promise<Result>): Promise<Result> {
    const sessions = this.#used();
    this.mustBeOpen("look for the sessions of an owner");
    const owned = markHandled(this.#shared.owned());
    this.#open(this.settings.cookieName);
    const own = await Promise.all(Array.from(sessions.keys(), async (name) => this.#loaded(name)));
    return ask(await owned, own);
  }

  // Secure cookies

  getSecureCookie<Data extends object>(name: string, { maxAge }: { readonly maxAge?: number | undefined } = {}): Data | undefined {
    this.#used();
    return readSecureCookie(this.#shared, this.settings.prefix + name, this, maxAge) as Data | undefined;
  }

  setSecureCookie(name: string, data: object, options?: SessionCookieOptions): void {
    checkValues(data);
    this.#used();
    this.mustBeOpen("set the secure cookie", name);
    sendSecureCookie(this.#shared, this, name, data, options);
  }

  deleteSecureCookie(name: string, options?: SessionCookieOptions): void {
    this.#used();
    this.mustBeOpen("delete the secure cookie", name);
    clearSecureCookie(this.#shared, this, name, options);
  }
}
