import type { SessionStore } from "../request/session-store.ts";
import type { Session } from "../request/session.ts";

/**
 * A promise of the default session, which is loaded at the first `await`. For frameworks that store values, not getters, for a
 * request.
 */
export class LazySession implements Promise<Session> {
  readonly #store: Pick<SessionStore, "getSession">;
  readonly [Symbol.toStringTag] = "LazySession";

  constructor(store: Pick<SessionStore, "getSession">) {
    this.#store = store;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then<Result = Session, Caught = never>(
    done?: ((session: Session) => Result | PromiseLike<Result>) | null,
    failed?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Result | Caught> {
    return this.#store.getSession().then(done, failed);
  }

  catch<Caught = never>(failed?: ((error: unknown) => Caught | PromiseLike<Caught>) | null): Promise<Session | Caught> {
    return this.then(null, failed);
  }

  finally(always?: (() => void) | null): Promise<Session> {
    return this.then((session) => session).finally(always);
  }
}
