import { beforeHead, cookieValues, deleteCookie, local, LocalError, setHeader, vary } from "@mini/core";
import type { Request, Response } from "@mini/core";
import type { SessionOptions } from "./config.ts";
import { SessionCommittedError } from "./errors.ts";
import type { SessionMedium, StoredSession } from "./medium.ts";
import { quoted, type Contents } from "./operations.ts";
import type { OutgoingCookies } from "./outgoing.ts";
import type { SecureCookie } from "./secure-cookie.ts";
import { checkCookieName, withOptions, type CookieSettings, type SessionSettings, type Settings } from "./settings.ts";
import { Slot, type SlotRequest } from "./slot.ts";

/** What the sessions of all requests of an application share. */
export interface SharedSessions {
  readonly settings: Settings;
  readonly medium: SessionMedium;
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
  /** Whether a load failed: then nothing is committed, whoever caught the error. */
  #failed = false;
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

  get medium(): SessionMedium {
    return this.#shared.medium;
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
      if (options !== undefined) known.settings = withOptions(this.settings, key, known.settings, options);
      return known instanceof Slot ? known : known.slot;
    }
    this.mustBeOpen(`load the session ${quoted(key)}`);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const settings = options === undefined ? this.settings : withOptions(this.settings, key, this.settings, options);
    const name = this.settings.prefix + key;
    const { maxAge, idleTimeout } = settings;
    const stored = this.medium.load({ name, values: this.received(name), maxAge, idleTimeout });
    if (stored instanceof Promise) return this.#wait(key, name, settings, stored);
    const slot = new Slot(this, name, settings, stored);
    this.#slots.set(key, slot);
    return slot;
  }

  #wait(key: string, name: string, settings: SessionSettings, stored: Promise<StoredSession>): Promise<Slot> {
    const slot = stored.then(
      (loaded) => {
        const made = new Slot(this, name, loading.settings, loaded);
        if (this.#finished) made.state.close();
        this.#slots.set(key, made);
        return made;
      },
      (error: unknown) => {
        this.#failed = true;
        throw error;
      },
    );
    const loading: Loading = { settings, slot };
    this.#slots.set(key, loading);
    return slot;
  }

  /** Changes a session's options; `false` when the session is not in use. */
  change(key: string, options: SessionOptions): boolean {
    const known = this.#slots.get(key);
    if (known === undefined) return false;
    known.settings = withOptions(this.settings, key, known.settings, options);
    return true;
  }

  /** Clears a session's cookie, whatever becomes of the request, and ends the session. */
  async end(key: string): Promise<void> {
    this.mustBeOpen(`delete the session ${quoted(key)}`);
    if (key !== this.settings.cookieName) checkCookieName(this.settings, key);
    const { cookie } = this.#slots.get(key)?.settings ?? this.settings;
    deleteCookie(this.settings.prefix + key, this.#shared.outgoing.attributes(this.#request, cookie));
    this.#sent = true;
    await (await this.slot(key)).end();
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
    const drop = this.#failed || local.error !== undefined;
    const work = drop ? (slot: Slot) => slot.state.stored.abandon() : (slot: Slot) => slot.save();
    return this.#each(slots, work, () => this.#guard(response));
  }

  /** One after the other, without a promise as long as none is given; the first failure ends it. */
  #each(slots: readonly Slot[], work: (slot: Slot) => void | Promise<void>, then: () => void): void | Promise<void> {
    for (const [i, slot] of slots.entries()) {
      const done = work(slot);
      if (done instanceof Promise) return done.then(() => this.#each(slots.slice(i + 1), work, then));
    }
    then();
  }

  /** Keeps shared caches from storing an answer that has a session's cookie. */
  #guard(response: Response): void {
    if (this.#sent && !guarded.test(response.headers.get("cache-control") ?? "")) setHeader("cache-control", "no-store");
  }
}
