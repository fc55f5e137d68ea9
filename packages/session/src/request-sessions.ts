import { beforeHead, ConfigError, cookieValues, deleteCookie, local, LocalError, setHeader, vary } from "@mini/core";
import type { Request, Response } from "@mini/core";
import type { SessionOptions } from "./config.ts";
import { SessionCommittedError, SessionUnavailableError } from "./errors.ts";
import type { Received, SessionMedium, StoredSession } from "./medium.ts";
import { quoted, type Contents } from "./operations.ts";
import type { OutgoingCookies } from "./outgoing.ts";
import type { OwnedSessions } from "./owned-sessions.ts";
import type { SecureCookie } from "./secure-cookie.ts";
import { checkCookieName, sessionSettings, withOptions, type CookieSettings, type SessionSettings, type Settings } from "./settings.ts";
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

interface Loading {
  settings: SessionSettings;
  readonly slot: Promise<Slot>;
}

/** Values of one cookie name that are tried, and how long each may be. */
const mostValues = 4;
const longestValue = 4096;

const guarded = /(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i;

/** The sessions that one request uses, from the first access to the commit. Made by the first access. */
export class RequestSessions implements SlotRequest {
  readonly #shared: SharedSessions;
  readonly #request: Request;
  readonly #slots = new Map<string, Slot | Loading>();
  /** Work that the answer waits for, whether or not the handler does. */
  readonly #work = new Set<Promise<unknown>>();
  /** Why a session could not be loaded or saved: then nothing is committed, whoever caught the error. */
  #failure: Error | undefined;
  /** Whether something that was to be saved is not. */
  #lost = false;
  #finished = false;
  #sent = false;

  /** @throws SessionCommittedError when the head is written. */
  constructor(shared: SharedSessions, request: Request) {
    this.#shared = shared;
    this.#request = request;
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

  mustBeOpen(what: string): void {
    if (this.#finished) throw new SessionCommittedError(what);
  }

  /** What the client sent under a cookie name, as far as it is worth a look. */
  received(cookieName: string): string[] {
    const values = cookieValues(this.#request.headers.get("cookie"), cookieName, mostValues);
    return values.filter((value) => value.length <= longestValue);
  }

  /** A session by its key; loaded once, and then one object for whoever asks. */
  slot(key: string, options?: SessionOptions): Slot | Promise<Slot> {
    const known = this.#slots.get(key);
    if (known !== undefined) {
      if (options !== undefined) this.#merge(key, known, options);
      return known instanceof Slot ? known : known.slot;
    }
    this.mustBeOpen(`load the session ${quoted(key)}`);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const settings = this.#settingsOf(key, options);
    const name = this.settings.prefix + key;
    const stored = this.#medium(settings).load(this.#ask(name, settings));
    if (stored instanceof Promise) return this.#load(key, name, settings, stored);
    const slot = new Slot(this, name, settings, stored);
    this.#slots.set(key, slot);
    return slot;
  }

  #load(key: string, name: string, settings: SessionSettings, stored: Promise<StoredSession>): Promise<Slot> {
    const slot = stored.then(
      (loaded) => {
        const made = new Slot(this, name, loading.settings, loaded);
        if (this.#finished) made.state.close();
        this.#slots.set(key, made);
        return made;
      },
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
    const loading: Loading = { settings, slot };
    this.#slots.set(key, loading);
    return slot;
  }

  #settingsOf(key: string, options: SessionOptions | undefined): SessionSettings {
    const settings = sessionSettings(this.settings);
    return options === undefined ? settings : withOptions(this.settings, key, settings, options);
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
    return this.wait(this.#end(key, options));
  }

  async #end(key: string, options: SessionOptions | undefined): Promise<void> {
    this.mustBeOpen(`delete the session ${quoted(key)}`);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const known = this.#slots.get(key);
    if (known !== undefined && options !== undefined) this.#merge(key, known, options);
    const settings = known?.settings ?? this.#settingsOf(key, options);
    const name = this.settings.prefix + key;
    deleteCookie(name, this.#shared.outgoing.attributes(this.#request, settings.cookie));
    this.#sent = true;
    const medium = this.#medium(settings);
    const fresh = () => medium.load(this.#ask(name, settings, [])) as StoredSession;
    if (known !== undefined) return (known instanceof Slot ? known : await known.slot).end(fresh);
    this.#slots.set(key, new Slot(this, name, settings, fresh()));
    await this.must(medium.end(this.#ask(name, settings)));
  }

  /** Asks the configured backend about an owner; the keys are those of this request's own sessions. */
  owned<Result>(ask: (owned: OwnedSessions, own: ReadonlySet<string>) => Promise<Result>): Promise<Result> {
    return this.wait(this.#owned(ask));
  }

  async #owned<Result>(ask: (owned: OwnedSessions, own: ReadonlySet<string>) => Promise<Result>): Promise<Result> {
    const owned = this.#shared.owned();
    await this.slot(this.settings.cookieName);
    const slots = await Promise.all([...this.#slots.values()].map(async (known) => (known instanceof Slot ? known : known.slot)));
    return ask(owned, new Set(slots.flatMap(({ state }) => state.stored.key ?? [])));
  }

  /** Has the answer wait for it: whoever does not wait himself learns of a failure by the answer. */
  wait<Result>(work: Promise<Result>): Promise<Result> {
    const settled: Promise<unknown> = work.then(ignore, ignore).then(() => this.#work.delete(settled));
    this.#work.add(settled);
    return work;
  }

  /** What was to become permanent and did not ends the request, whoever catches the error. */
  async must<Result>(work: Result | Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      this.#fail(error);
      this.#lost = true;
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  send({ cookieName, settings }: Slot, value: string, { data, flashes }: Contents): void {
    const contents = flashes.length === 0 ? data : { ...data, "flash messages": flashes };
    this.sendCookie(cookieName, value, settings.cookie, contents);
  }

  /** @throws CookieTooLargeError */
  sendCookie(name: string, value: string, cookie: CookieSettings, contents: Readonly<Record<string, unknown>>): void {
    this.#shared.outgoing.send(this.#request, name, value, cookie, contents);
    this.#sent = true;
  }

  #finish(response: Response): void | Promise<void> {
    this.#finished = true;
    const slots = [...this.#slots.values()].filter((slot) => slot instanceof Slot);
    for (const { state } of slots) state.close();
    if (this.#work.size === 0) return this.#settle(slots, response);
    return Promise.all(this.#work).then(() => this.#settle(slots, response));
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
    this.#guard(response);
  }

  async #drop(slots: readonly Slot[], response: Response): Promise<void> {
    const failure = local.error === undefined ? this.#failure : undefined;
    const lost = failure !== undefined && (this.#lost || slots.some(({ session }) => session.modified));
    await this.#abandon(slots, this.#failure);
    // The failure is the answer, and has been logged: what the handler has added to the head must not leave with it.
    if (failure !== undefined && response.status === 503) throw new SessionUnavailableError();
    if (lost) throw failure;
    this.#guard(response);
  }

  async #undo(slots: readonly Slot[], error: unknown): Promise<never> {
    await this.#abandon(slots, error);
    throw error;
  }

  /** Nobody waits for a backend that has just failed. */
  async #abandon(slots: readonly Slot[], error: unknown): Promise<void> {
    const abandoned = Promise.all(slots.map(async (slot) => slot.abandon()));
    if (!(error instanceof SessionUnavailableError)) await abandoned;
  }

  /** Keeps shared caches from storing an answer that has a session's cookie. */
  #guard(response: Response): void {
    if (this.#sent && !guarded.test(response.headers.get("cache-control") ?? "")) setHeader("cache-control", "no-store");
  }
}

function ignore(): void {}
