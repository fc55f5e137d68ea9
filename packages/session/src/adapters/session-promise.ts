import { refuseProperties } from "../request/refused-properties.ts";
import type { Session } from "../request/session.ts";

/** The promise of the default session that adapters give out. `req.session.user = 5`, as for other libraries, throws a `TypeError`. */
export class SessionPromise implements Promise<Session> {
  static {
    refuseProperties(this.prototype, "(await session)");
  }

  readonly #get: () => Promise<Session>;
  readonly [Symbol.toStringTag] = "SessionPromise";

  /** @param get - Called at each use. A framework that stores values, not getters, for a request passes what loads the session. */
  constructor(get: () => Promise<Session>) {
    this.#get = get;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then<Result = Session, Caught = never>(
    done?: ((session: Session) => Result | PromiseLike<Result>) | null,
    failed?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Result | Caught> {
    return this.#get().then(done, failed);
  }

  catch<Caught = never>(failed?: ((error: unknown) => Caught | PromiseLike<Caught>) | null): Promise<Session | Caught> {
    return this.then(null, failed);
  }

  finally(always?: (() => void) | null): Promise<Session> {
    return this.then((session) => session).finally(always);
  }
}

/** The session, which begins to load now. */
export function startedSession(store: { getSession(): Promise<Session> }): SessionPromise {
  const session = store.getSession();
  return new SessionPromise(() => session);
}
