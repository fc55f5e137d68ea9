import type { Contents } from "./operations.ts";
import type { Committed, StoredSession } from "./medium.ts";
import { Session, type SessionHome } from "./session.ts";
import type { SessionSettings, Settings } from "./settings.ts";
import { SessionState } from "./state.ts";

/** The least that a slot needs of the request it belongs to. */
export interface SlotRequest {
  readonly settings: Settings;
  readonly unseen: boolean;
  /** Sends a session's cookie with whichever response leaves. @throws CookieTooLargeError */
  send(slot: Slot, value: string, contents: Contents): void;
  /** Has the answer wait for work, whether or not the handler does. */
  wait<Result>(work: Promise<Result>): Promise<Result>;
  /** Sees to it that the request is not answered as if all was well when this fails. */
  must<Result>(work: Result | Promise<Result>): Promise<Result>;
}

/** One session of one request: its settings, what was loaded, and its commits. */
export class Slot implements SessionHome {
  /** Full name of its cookie. */
  readonly cookieName: string;
  readonly session: Session;
  readonly state: SessionState;
  settings: SessionSettings;
  readonly #request: SlotRequest;
  /** Until what the medium is doing for the session is done. */
  #busy: Promise<void> | undefined;

  constructor(request: SlotRequest, cookieName: string, settings: SessionSettings, stored: StoredSession) {
    this.#request = request;
    this.cookieName = cookieName;
    this.settings = settings;
    this.state = new SessionState(stored, request.settings);
    this.session = new Session(this);
  }

  get expiresAt(): number {
    const { state } = this;
    const limit = state.createdAt + this.settings.maxAge * 1000;
    return state.regenerates ? limit : Math.min(state.stored.expiresAt ?? limit, limit);
  }

  get unseen(): boolean {
    return this.#request.unseen;
  }

  now(): number {
    return this.#request.settings.now();
  }

  async claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#request.wait(this.#claim(ids));
  }

  async #claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#inTurn(async () => {
      const claimed = await this.#request.must(this.state.stored.claim(ids));
      this.state.takeFlashes(claimed);
      return claimed;
    });
  }

  async commit(): Promise<void> {
    this.state.mustBeOpen("commit the session");
    await this.#request.wait(Promise.resolve(this.save()));
  }

  /** Commits what there is to commit; without a promise where the medium needs none. */
  save(): void | Promise<void> {
    return this.#inTurn(() => {
      const { state } = this;
      const commit = state.commit();
      const committed = state.stored.commit(commit, this.settings);
      if (committed instanceof Promise) {
        state.begin(commit);
        return this.#request.must(committed).then((done) => this.#saved(done));
      }
      // Only when the cookie can be sent is there nothing left to commit.
      this.#send(committed);
      if (committed.stored === state.stored) return undefined;
      state.begin(commit);
      state.committed(committed.stored);
      return undefined;
    });
  }

  #saved(committed: Committed): void {
    this.#send(committed);
    if (committed.stored !== this.state.stored) this.state.committed(committed.stored);
  }

  #send({ cookie, stored }: Committed): void {
    if (cookie !== undefined) this.#request.send(this, cookie, stored.contents);
  }

  /** Puts back what a request that failed had taken out. */
  abandon(): void | Promise<void> {
    return this.#inTurn(() => this.state.stored.abandon());
  }

  /** Ends the session where it is kept; this request goes on with an empty new one. */
  async end(fresh: () => StoredSession): Promise<void> {
    await this.#inTurn(async () => {
      const { stored } = this.state;
      this.state.restart(fresh());
      await this.#request.must(stored.end());
    });
  }

  /** One after the other, because each goes on from what the one before has left. */
  #inTurn<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const result = this.#busy === undefined ? work() : this.#busy.then(work);
    if (!(result instanceof Promise)) return result;
    const settled: Promise<void> = result.then(ignore, ignore).then(() => {
      if (this.#busy === settled) this.#busy = undefined;
    });
    this.#busy = settled;
    return result;
  }
}

function ignore(): void {}
