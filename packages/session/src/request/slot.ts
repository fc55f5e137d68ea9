import type { Committed, StoredSession } from "../keeping/keeping.ts";
import type { SentCookies } from "./sent-cookies.ts";
import { Session, type SessionHome } from "./session.ts";
import type { SessionSettings, Settings } from "../settings/settings.ts";
import { SessionState } from "./state.ts";

/** The least that a slot needs of the request it belongs to. */
export interface SlotRequest {
  readonly settings: Settings;
  readonly unseen: boolean;
  readonly cookies: SentCookies;
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

  claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const claiming = this.#inTurn(async () => {
      // Somebody else in this request may have taken some of them meanwhile.
      const left = this.state.flashes.flatMap(({ id }) => (ids.has(id) ? [id] : []));
      const claimed = await this.state.stored.claim(new Set(left));
      this.state.takeFlashes(claimed);
      return claimed;
    });
    return this.#request.wait(this.#request.must(claiming));
  }

  async commit(): Promise<void> {
    this.state.mustBeOpen("commit the session");
    await this.#request.wait(Promise.resolve(this.#save(true)));
  }

  /** Commits what there is to commit; without a promise where the medium needs none. */
  save(): void | Promise<void> {
    return this.#save(false);
  }

  /** @param isAwaited - Whether somebody is told that it is done, so that no later error may undo it. */
  #save(isAwaited: boolean): void | Promise<void> {
    return this.#inTurn(() => {
      const { state } = this;
      const commit = state.commit();
      const committed = state.stored.commit(commit, this.settings);
      if (committed instanceof Promise) {
        state.begin(commit);
        return this.#request.must(
          committed.then((done) => {
            this.#send(done, true);
            if (done.stored !== state.stored) state.committed(done.stored);
          }),
        );
      }
      // Only when the cookie can be sent is there nothing left to commit.
      this.#send(committed, isAwaited);
      if (committed.stored === state.stored) return undefined;
      state.begin(commit);
      state.committed(committed.stored);
      return undefined;
    });
  }

  #send({ cookie, stored }: Committed, isPermanent: boolean): void {
    if (cookie === undefined) return;
    const { data, flashes } = stored.contents;
    const contents = flashes.length === 0 ? data : { ...data, "flash messages": flashes };
    const { cookies } = this.#request;
    if (isPermanent) cookies.keep(this.cookieName, cookie, this.settings.cookie, contents);
    else cookies.send(this.cookieName, cookie, this.settings.cookie, contents);
  }

  /** Puts back what a request that failed had taken out. */
  abandon(): void | Promise<void> {
    return this.#inTurn(() => this.state.stored.abandon());
  }

  /** Ends the session where it is kept, and gives its key there; this request goes on with an empty new one. */
  async end(fresh: () => StoredSession, clear: () => void): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const { stored } = this.state;
      this.state.restart(fresh());
      clear();
      await stored.end();
      return stored.key;
    });
  }

  /** Lets the session go on when others of its owner are revoked. */
  async spare(owner: string, epoch: number): Promise<void> {
    await this.#inTurn(() => this.state.stored.spare(owner, epoch));
  }

  /** What a backend has the session under, once no commit is under way. */
  async key(): Promise<string | undefined> {
    return this.#inTurn(() => this.state.stored.key);
  }

  /** One after the other, because each goes on from what the one before has left. */
  #inTurn<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const result = this.#busy === undefined ? work() : this.#busy.then(work);
    if (!(result instanceof Promise)) return result;
    const leave = () => {
      if (this.#busy === settled) this.#busy = undefined;
    };
    const settled: Promise<void> = result.then(leave, leave);
    this.#busy = settled;
    return result;
  }
}
