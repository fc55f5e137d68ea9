import { ConfigError, Form, HTTPError } from "@mini/core/base";
import type { AllSessions, ListedSession } from "../keeping/all-sessions.ts";
import type { BackendSessions } from "../keeping/backend-sessions.ts";
import { logFailure } from "../keeping/failures.ts";
import type { OwnedSession, OwnedSessions } from "../keeping/owned-sessions.ts";
import type { SessionData } from "../record/session-data.ts";
import { markHandled } from "../request/session.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig, SessionOptions } from "../settings/config.ts";
import { readOnlySession, type SessionView } from "./read-only-session.ts";
import { makeShared } from "./make-shared.ts";
import { errorResponse, FetchRequest, FetchVisit, type Visit } from "./visit.ts";

/** What the caller knows about the connection of a request. */
export interface VisitOptions {
  /** Whether the client used https. Default: whether the URL begins with `https:`, which it never does behind a proxy that ends TLS. */
  readonly secure?: boolean | undefined;
}

export interface RunOptions extends VisitOptions {
  /** Makes the response to an unexpected error, such as an error page. Without it, `run` rejects with the error. */
  readonly onError?: ((error: unknown, visit: Visit) => Response | Promise<Response>) | undefined;
}

/**
 * Sessions for any program: an application of `@mini/core`, another framework, a job, a command line. They do not depend on the program
 * around them. One object is enough for a process: use the same object as `config.session` of an `App`.
 *
 * @example
 * ```ts
 * import { MemoryBackend, Sessions } from "@mini/session";
 *
 * export const sessions = new Sessions({ secretKey: process.env.SECRET_KEY!, backend: new MemoryBackend(), idleTimeout: 1800 });
 *
 * export async function fetch(request: Request): Promise<Response> {
 *   const visit = sessions.visit(request);
 *   const session = await visit.getSession();
 *   return visit.finish(new Response(`Visit ${session.increment("visits")}`));
 * }
 * ```
 */
export class Sessions {
  /** @internal */
  readonly shared: SharedSessions;
  readonly #inBackend: BackendSessions | undefined;

  /** @throws ConfigError for settings that are missing, unknown, out of range or contradictory. */
  constructor(config: SessionConfig) {
    const { shared, inBackend } = makeShared(config, Form);
    this.shared = shared;
    this.#inBackend = inBackend;
  }

  /** The sessions of one request of any framework that has standard requests. It does nothing until it is used. */
  visit(request: Request, { secure }: VisitOptions = {}): Visit {
    return this.#visit(request, secure);
  }

  #visit(request: Request, secure?: boolean): FetchVisit {
    return new FetchVisit(this.shared, new FetchRequest(request, secure));
  }

  /**
   * Answers a request with what `work` returns, after the commit. Errors are treated as an `App` does: an `HTTPError` saves the changes and
   * is answered with its status; a thrown `Response` is a response; any other error drops the changes and puts messages back.
   *
   * An unexpected error is passed to `onError`. Its response gets the cookies that must be sent even after an error, such as those
   * that clear a cookie. Without `onError`, `run` rejects with the error, and these cookies are not sent. Sessions that were ended
   * on the server stay ended.
   */
  run(request: Request, work: (visit: Visit) => Response | Promise<Response>, options: RunOptions = {}): Promise<Response> {
    return markHandled(this.#run(request, work, options));
  }

  async #run(
    request: Request,
    work: (visit: Visit) => Response | Promise<Response>,
    { onError, ...options }: RunOptions,
  ): Promise<Response> {
    const visit = this.#visit(request, options.secure);
    try {
      return await visit.finish(await answerOf(request, () => work(visit)));
    } catch (error) {
      // This can also be an error of the commit, which has dropped the changes already.
      return answerError(error, visit, onError);
    }
  }

  /**
   * The session in the Cookie header of a request, only for reading, such as for the handshake of a WebSocket. It creates, takes
   * out and saves nothing, and does not extend the session. `isNew` is true if the client did not send one.
   *
   * @param name - Name of the session; left out, the default one.
   * @param options - `backend`, for a session that is not kept in the configured one.
   * @throws SessionUnavailableError when the backend fails.
   */
  read<Data extends object = SessionData>(
    cookieHeader: string | null | undefined,
    name?: string,
    options?: Pick<SessionOptions, "backend">,
  ): Promise<SessionView<Data>> {
    return markHandled(readOnlySession<Data>(this.shared, cookieHeader, name, options));
  }

  /**
   * A visit without a request, for tests, or to act as a user. After its `commit`, give its `cookies` to a client.
   *
   * @param owner - The owner of the default session, as after `regenerate({ owner })`.
   * @param options - `secure`: whether the cookies are for https. Default true.
   */
  begin(owner?: string, { secure = true }: VisitOptions = {}): Visit {
    const visit = new FetchVisit(this.shared, { method: "GET", headers: new Headers(), secure });
    if (owner !== undefined) visit.setOwner(owner);
    return visit;
  }

  /**
   * The live sessions of an owner, the newest first. This method and those below are about the configured backend.
   *
   * @throws ConfigError when the backend has no owners; SessionUnavailableError.
   */
  list<Data extends object = SessionData>(owner: string): Promise<OwnedSession<Data>[]> {
    return this.#owned((owned) => owned.list(owner, []) as Promise<OwnedSession<Data>[]>);
  }

  /** Ends the owner's session with that handle; `false` when there is none. */
  revoke(owner: string, handle: string): Promise<boolean> {
    return this.#change((owned) => owned.revoke(owner, handle));
  }

  /** Ends all sessions of the owner, including those that are created at this moment, and returns their number. Call it when a password is reset. */
  revokeAll(owner: string): Promise<number> {
    return this.#change((owned) => owned.revokeExcept(owner, []));
  }

  #change<Result>(change: (owned: OwnedSessions) => Promise<Result>): Promise<Result> {
    const changing = this.#owned(change);
    logFailure(changing, this.shared.settings.logger);
    return changing;
  }

  #owned<Result>(ask: (owned: OwnedSessions) => Promise<Result>): Promise<Result> {
    const asking = async () => ask(await this.shared.owned());
    return markHandled(asking());
  }

  /** The number of live sessions, and of sessions that got a new id in the last 30 seconds. @throws ConfigError for a backend that cannot count; SessionUnavailableError. */
  count(): Promise<number> {
    return markHandled(this.#all("count", "count").then((all) => all.count()));
  }

  /**
   * All live sessions, in any order. Those that begin or end in the meantime may be missing.
   *
   * @throws ConfigError for a backend that cannot list them; SessionUnavailableError.
   */
  all<Data extends object = SessionData>(): AsyncIterableIterator<ListedSession<Data>> {
    const listing = this.#list();
    const next = listing.next.bind(listing);
    return Object.assign(listing, { next: () => markHandled(next()) }) as AsyncIterableIterator<ListedSession<Data>>;
  }

  async *#list(): AsyncGenerator<ListedSession<object>> {
    yield* (await this.#all("list", "all")).list();
  }

  async #all(doing: string, call: "all" | "count"): Promise<AllSessions> {
    const inBackend = this.#inBackend;
    if (inBackend?.backend[call] !== undefined) return (await inBackend.loaded()).all(this.shared.settings);
    throw new ConfigError(
      `Cannot ${doing} all sessions: the setting "backend" must be one with ${call}(), such as new SqliteBackend({ database }).`,
    );
  }
}

/** The response that `work` returns or throws. */
async function answerOf(request: Request, work: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Response) return error;
    if (error instanceof HTTPError) return errorResponse(error, request.method);
    throw error;
  }
}

/** The response to an unexpected error. @throws The error, without `onError`. */
async function answerError(error: unknown, visit: FetchVisit, onError: RunOptions["onError"]): Promise<Response> {
  try {
    visit.fail();
    if (onError === undefined) throw error;
    return await visit.finish(await onError(error, visit), { failed: true });
  } catch (another) {
    // Puts messages back. If `work` has committed the visit itself, this is refused, and its error is still the one that counts.
    await visit.finish(new Response(null, { status: 500 }), { failed: true }).catch(() => undefined);
    throw another;
  }
}
