import { beforeHead, ConfigError, cookieValues, local, LocalError, vary } from "@mini/core";
import type { Request, Response } from "@mini/core";
import type { SessionOptions } from "../settings/config.ts";
import { SessionCommittedError } from "./state.ts";
import { SessionUnavailableError } from "../keeping/deadline.ts";
import { handled } from "./handled.ts";
import type { Received, SessionMedium, StoredSession } from "../keeping/keeping.ts";
import { quoted } from "../record/operations.ts";
import type { OutgoingCookies } from "./outgoing.ts";
import type { OwnedSessions } from "../keeping/owned-sessions.ts";
import type { SecureCookie } from "../signing/signing.ts";
import { SentCookies } from "./sent-cookies.ts";
import { checkCookieName, withOptions, type SessionSettings, type Settings } from "../settings/settings.ts";
import type { Session } from "./session.ts";
import { Slot, type SlotRequest } from "./slot.ts";

/** What the sessions of all requests of an application share. */
export interface SharedSessions {
  readonly settings: Settings;
  /** Where sessions are kept, by backend; `undefined`: the configured one. */
  readonly media: ReadonlyMap<string | undefined, SessionMedium>;
  /** The configured backend's sessions by owner. @throws ConfigError when it does not know owners. */
  readonly owned: () => OwnedSessions;
  readonly secureCookie: SecureCookie;
  readonly outgoing: OutgoingCookies;
}

/** A session that is being loaded. */
interface Loading {
  settings: SessionSettings;
  readonly session: Promise<Session>;
}

/** Values of one cookie name that are tried, and how long each may be. */
const mostValues = 4;
const longestValue = 4096;

/** The sessions that one request uses, from the first access to the commit. Made by the first access. */
export class RequestSessions implements SlotRequest {
  readonly #shared: SharedSessions;
  readonly #request: Request;
  readonly #slots = new Map<string, Slot | Loading>();
  /** Work that the answer waits for, whether or not the handler does. */
  #work: Set<Promise<unknown>> | undefined;
  /** Why a session could not be loaded or saved: then nothing is committed, whoever caught the error. */
  #failure: Error | undefined;
  /** Whether something that was to be saved is not. */
  #lost = false;
  #finished = false;
  readonly cookies: SentCookies;

  /** @throws SessionCommittedError when the head is written. */
  constructor(shared: SharedSessions, request: Request) {
    this.#shared = shared;
    this.#request = request;
    this.cookies = new SentCookies(shared.outgoing, request);
    try {
      beforeHead((response) => this.#finish(response));
    } catch (error) {
      // Inside a request it has one way to fail: the head is being written.
      if (error instanceof LocalError) throw error;
      throw new SessionCommittedError("use a session or secure cookie for the first time", { cause: error });
    }
    vary("Cookie");
  }

  get settings(): Settings {
    return this.#shared.settings;
  }

  get unseen(): boolean {
    const { method, headers } = this.#request;
    const purpose = `${headers.get("sec-purpose") ?? ""};${headers.get("purpose") ?? ""}`;
    return method === "HEAD" || /(?:^|;)\s*prefetch\s*(?:;|$)/i.test(purpose);
  }

  /** @param name - Of the session or cookie that it is done to, when it is one. */
  mustBeOpen(doing: string, name?: string): void {
    if (this.#finished) throw new SessionCommittedError(name === undefined ? doing : `${doing} ${quoted(name)}`);
  }

  /** What the client sent under a cookie name, as far as it is worth a look. */
  received(cookieName: string): string[] {
    const values = cookieValues(this.#request.headers.get("cookie"), cookieName, mostValues);
    return values.filter((value) => value.length <= longestValue);
  }

  /** A session by its key; loaded once, and then one object for whoever asks. Loading it may fail without anybody waiting. */
  open(key: string, options?: SessionOptions): Slot | Loading {
    const known = this.#slots.get(key);
    if (known !== undefined) {
      if (options !== undefined) this.#merge(key, known, options);
      return known;
    }
    this.mustBeOpen("load the session", key);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const settings = this.#settingsOf(key, options);
    const name = this.settings.prefix + key;
    const stored = this.#medium(settings).load(this.#ask(name, settings));
    if (stored instanceof Promise) return this.#load(key, name, settings, stored);
    const slot = new Slot(this, name, settings, stored);
    this.#slots.set(key, slot);
    return slot;
  }

  #load(key: string, name: string, settings: SessionSettings, stored: Promise<StoredSession>): Loading {
    const session = stored.then(
      (loaded) => {
        const made = new Slot(this, name, loading.settings, loaded);
        if (this.#finished) made.state.close();
        this.#slots.set(key, made);
        return made.session;
      },
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
    const loading: Loading = { settings, session: handled(session) };
    this.#slots.set(key, loading);
    return loading;
  }

  /** The slot of a key that is in use, once it is loaded. */
  async #loaded(key: string): Promise<Slot> {
    const known = this.#slots.get(key)!;
    if (known instanceof Slot) return known;
    await known.session;
    return this.#loaded(key);
  }

  #settingsOf(key: string, options: SessionOptions | undefined): SessionSettings {
    const { usual } = this.settings;
    return options === undefined ? usual : withOptions(this.settings, key, usual, options);
  }

  #medium({ backend }: SessionSettings): SessionMedium {
    return this.#shared.media.get(backend)!;
  }

  #ask(name: string, { maxAge, idleTimeout }: SessionSettings, values = this.received(name)): Received {
    return { name, values, maxAge, idleTimeout };
  }

  /** Changes a session's options; `false` when the session is not in use. */
  change(key: string, options: SessionOptions): boolean {
    const known = this.#slots.get(key);
    if (known === undefined) return false;
    this.#merge(key, known, options);
    return true;
  }

  #merge(key: string, known: Slot | Loading, options: SessionOptions): void {
    const settings = withOptions(this.settings, key, known.settings, options);
    if (this.#medium(settings) !== this.#medium(known.settings)) {
      throw new ConfigError(
        `Cannot move the session ${quoted(key)} to another backend: this request uses it already. Name the backend when it is asked for first.`,
      );
    }
    known.settings = settings;
  }

  /** Clears a session's cookie, whatever becomes of the request, and ends the session. */
  end(key: string, options?: SessionOptions): Promise<void> {
    return this.wait(this.must(this.#end(key, options)));
  }

  async #end(key: string, options: SessionOptions | undefined): Promise<void> {
    this.mustBeOpen("delete the session", key);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const known = this.#slots.get(key);
    if (known !== undefined && options !== undefined) this.#merge(key, known, options);
    const settings = known?.settings ?? this.#settingsOf(key, options);
    const name = this.settings.prefix + key;
    const clear = () => this.cookies.clear(name, settings.cookie);
    clear();
    const medium = this.#medium(settings);
    const fresh = () => medium.load(this.#ask(name, settings, [])) as StoredSession;
    let loaded: string | undefined;
    if (known === undefined) {
      this.#slots.set(key, new Slot(this, name, settings, fresh()));
    } else {
      const slot = known instanceof Slot ? known : await this.#loaded(key);
      // Once more, for a commit that was under way may have sent the cookie.
      loaded = await slot.end(fresh, clear);
    }
    await medium.end(this.#ask(name, settings), loaded);
  }

  /** Asks the configured backend about an owner; `own` are the sessions of this request. */
  async owned<Result>(ask: (owned: OwnedSessions, own: readonly Slot[]) => Promise<Result>): Promise<Result> {
    this.mustBeOpen("look for the sessions of an owner");
    const owned = this.#shared.owned();
    this.open(this.settings.cookieName);
    const slots = await Promise.all(Array.from(this.#slots.keys(), async (key) => this.#loaded(key)));
    return ask(owned, slots);
  }

  /** Has the answer wait for it: whoever does not wait himself learns of a failure by the answer. */
  wait<Result>(work: Promise<Result>): Promise<Result> {
    const all = (this.#work ??= new Set());
    const done = () => void all.delete(settled);
    const settled: Promise<void> = work.then(done, done);
    all.add(settled);
    return work;
  }

  /** What was to become permanent and did not ends the request, whoever catches the error. */
  must<Result>(work: Result | Promise<Result>): Promise<Result> {
    if (!(work instanceof Promise)) return Promise.resolve(work);
    return work.catch((error: unknown) => {
      this.#fail(error);
      this.#lost = true;
      throw error;
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  #finish(response: Response): void | Promise<void> {
    if (this.#work !== undefined && this.#work.size > 0) return Promise.all(this.#work).then(() => this.#finish(response));
    this.#finished = true;
    const slots = [...this.#slots.values()].filter((slot) => slot instanceof Slot);
    for (const { state } of slots) state.close();
    return this.#settle(slots, response);
  }

  /** Commits, or puts back what was taken out. The error decides, not who renders it. */
  #settle(slots: readonly Slot[], response: Response): void | Promise<void> {
    if (this.#failure !== undefined || local.error !== undefined) return this.#drop(slots, response);
    try {
      const saving = this.#saveFrom(slots, 0, response);
      return saving instanceof Promise ? saving.catch((error: unknown) => this.#undo(slots, error)) : saving;
    } catch (error) {
      return this.#undo(slots, error);
    }
  }

  /** One after the other, without a promise as long as none is given; the first failure ends it. */
  #saveFrom(slots: readonly Slot[], from: number, response: Response): void | Promise<void> {
    for (let i = from; i < slots.length; i++) {
      const saving = slots[i]!.save();
      if (saving instanceof Promise) return saving.then(() => this.#saveFrom(slots, i + 1, response));
    }
    this.cookies.guard(response);
  }

  async #drop(slots: readonly Slot[], response: Response): Promise<void> {
    const failure = local.error === undefined ? this.#failure : undefined;
    const lost = failure !== undefined && (this.#lost || slots.some(hasChanges));
    await this.#abandon(slots, this.#failure);
    if (failure !== undefined && (lost || response.status === 503)) {
      this.#restoreLater();
      // When the failure is the answer already, it comes again: what the handler has added to the head must not leave.
      throw failure;
    }
    if (local.error !== undefined) this.cookies.restore();
    this.cookies.guard(response);
  }

  async #undo(slots: readonly Slot[], error: unknown): Promise<never> {
    await this.#abandon(slots, error);
    this.#restoreLater();
    throw error;
  }

  /** The error that comes next drops all cookies; after that is the time for those that must leave. */
  #restoreLater(): void {
    beforeHead((response) => {
      this.cookies.restore();
      this.cookies.guard(response);
    });
  }

  /** Nobody waits for a backend that has just failed. */
  async #abandon(slots: readonly Slot[], error: unknown): Promise<void> {
    const abandoned = Promise.all(slots.map(async (slot) => slot.abandon()));
    if (!(error instanceof SessionUnavailableError)) await abandoned;
  }
}

/** Whether a session has something to save; one that can not be saved has. */
function hasChanges({ session }: Slot): boolean {
  try {
    return session.modified;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}
