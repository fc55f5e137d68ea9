import type { Contents } from "./operations.ts";
import type { SessionMedium, StoredSession } from "./medium.ts";
import { Session, type SessionHome } from "./session.ts";
import type { SessionSettings, Settings } from "./settings.ts";
import { SessionState } from "./state.ts";

/** The least that a slot needs of the request it belongs to. */
export interface SlotRequest {
  readonly settings: Settings;
  readonly medium: SessionMedium;
  readonly unseen: boolean;
  /** Sends a session's cookie with whichever response leaves. @throws CookieTooLargeError */
  send(slot: Slot, value: string, contents: Contents): void;
}

/** One session of one request: its settings, what was loaded, and its commits. */
export class Slot implements SessionHome {
  /** Full name of its cookie. */
  readonly cookieName: string;
  readonly session: Session;
  readonly state: SessionState;
  settings: SessionSettings;
  readonly #request: SlotRequest;

  constructor(request: SlotRequest, cookieName: string, settings: SessionSettings, stored: StoredSession) {
    this.#request = request;
    this.cookieName = cookieName;
    this.settings = settings;
    this.state = new SessionState(stored, request.settings);
    this.session = new Session(this);
  }

  get expiresAt(): number {
    return this.state.createdAt + this.settings.maxAge * 1000;
  }

  get unseen(): boolean {
    return this.#request.unseen;
  }

  now(): number {
    return this.#request.settings.now();
  }

  async claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const claimed = await this.state.stored.claim(ids);
    this.state.takeFlashes(claimed);
    return claimed;
  }

  async commit(): Promise<void> {
    this.state.mustBeOpen("commit the session");
    await this.save();
  }

  /** Commits what there is to commit; without a promise where the medium needs none. */
  save(): void | Promise<void> {
    const { state } = this;
    const committed = state.stored.commit(state.commit());
    if (committed instanceof Promise) return committed.then(({ cookie, stored }) => this.#saved(cookie, stored));
    return this.#saved(committed.cookie, committed.stored);
  }

  #saved(cookie: string | undefined, stored: StoredSession): void {
    if (cookie !== undefined) this.#request.send(this, cookie, stored.contents);
    if (stored !== this.state.stored) this.state.committed(stored);
  }

  /** Ends the session where it is kept; this request goes on with an empty new one. */
  async end(): Promise<void> {
    const { stored } = this.state;
    const { maxAge, idleTimeout } = this.settings;
    this.state.restart(await this.#request.medium.load({ name: this.cookieName, values: [], maxAge, idleTimeout }));
    await stored.end();
  }
}
