import { HTTPError } from "@mini/core/base";
import { errorHeaders, logFailure } from "../keeping/failures.ts";
import { SessionCommittedError, type IncomingRequest, type OutgoingResponse } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SessionStore } from "../request/session-store.ts";
import { markHandled } from "../request/session.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import { CollectedHead, hidesType, type FailedCommit } from "./collected-head.ts";

export interface FinishOptions {
  /** Whether an unexpected error has ended the request: changes are dropped, and messages are put back. Default false. */
  readonly failed?: boolean | undefined;
}

/** The sessions of one request, or of none, until they are committed. */
export interface Visit extends SessionStore {
  /** The lines of Set-Cookie for the client. They are complete after `commit` or `finish`, even if it has failed. */
  readonly cookies: readonly string[];

  /**
   * Commits, and returns the response with its cookies, `Vary` and `Cache-Control`: a copy, or the response itself if no session was used.
   * If the backend fails, it returns a 503 response instead.
   *
   * @param response - Any response whose body was not read.
   * @throws TypeError for something else; the error of a session that cannot be saved, such as CookieTooLargeError. After such an error,
   *   call `finish` again with an error page: it gets the cookies that must be sent in any case. Any other second call is a
   *   SessionCommittedError.
   */
  finish(response: Response, options?: FinishOptions): Promise<Response>;

  /**
   * Commits without a response.
   *
   * @throws The error of a session that cannot be saved, which is also logged; SessionUnavailableError.
   */
  commit(): Promise<void>;
}

/** A visit whose response is made after the commit. */
export class FetchVisit extends RequestSessions implements Visit {
  readonly #method: string;
  readonly #head: CollectedHead;
  #state: "open" | "committed" | "failed" = "open";

  constructor(shared: SharedSessions, request: IncomingRequest) {
    const head = new CollectedHead();
    super(shared, request, head);
    this.#method = request.method;
    this.#head = head;
  }

  get cookies(): readonly string[] {
    return this.#head.cookies;
  }

  finish(response: Response, { failed = false }: FinishOptions = {}): Promise<Response> {
    return markHandled(this.#finish(response, failed));
  }

  commit(): Promise<void> {
    const committing = this.#commit();
    logFailure(committing, this.settings.logger);
    return committing;
  }

  /** Notes that an unexpected error has ended the request, before its error handler runs. */
  fail(): void {
    if (this.#state === "open") this.#head.fail();
  }

  /** Gives the default session to an owner, with the commit. */
  setOwner(owner: string): void {
    const giving = this.getSession().then((session) => session.regenerate({ owner }));
    void markHandled(this.delayResponse(this.mustSucceed(giving)));
  }

  async #finish(response: Response, failed: boolean): Promise<Response> {
    checkResponse(response);
    if (this.#state === "failed") return this.#head.addTo(response);
    if (failed) this.#head.fail();
    const failure = await this.#close("finish", response);
    if (failure === undefined) {
      if (failed) this.#state = "failed";
      return this.#head.addTo(response);
    }
    // The stream of a response that is not sent may hold a file or a connection open.
    response.body?.cancel().catch(() => undefined);
    if (!(failure.error instanceof HTTPError)) throw failure.error;
    return this.#head.addTo(errorResponse(failure.error, this.#method));
  }

  async #commit(): Promise<void> {
    const failure = await this.#close("commit", { status: 200, headers: new Headers() });
    if (failure !== undefined) throw failure.error;
  }

  async #close(doing: string, response: OutgoingResponse): Promise<FailedCommit | undefined> {
    if (this.#state !== "open") throw new SessionCommittedError(`${doing} the visit a second time`);
    this.#state = "committed";
    const failure = await this.#head.close(response);
    if (failure !== undefined) this.#state = "failed";
    return failure;
  }
}

/**
 * What sessions need from a standard request. Its parts are read only when they are needed, because some servers make them at the
 * first read. It is a class, because V8 makes object literals with getters slow.
 */
export class FetchRequest implements IncomingRequest {
  readonly #request: Request;
  readonly #secure: boolean | (() => boolean) | undefined;

  constructor(request: Request, secure?: boolean | (() => boolean)) {
    this.#request = request;
    this.#secure = secure;
  }

  get method(): string {
    return this.#request.method;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get secure(): boolean {
    const secure = this.#secure;
    return typeof secure === "function" ? secure() : (secure ?? this.#request.url.startsWith("https:"));
  }
}

/** The response to an error whose message a client may read. */
export function errorResponse({ status, message, headers }: HTTPError, method: string): Response {
  return new Response(method === "HEAD" ? null : message, { status, headers: { ...errorHeaders, ...headers } });
}

/** @throws TypeError for anything but a response whose body was not read. */
function checkResponse(response: unknown): void {
  const problem = !(response instanceof Response)
    ? "it is not a Response"
    : response.status < 200
      ? `its status is ${response.status}`
      : response.bodyUsed || (!hidesType(response) && response.body?.locked === true)
        ? "its body was read already"
        : undefined;
  if (problem !== undefined) throw new TypeError(`Cannot finish a visit with this response: ${problem}.`);
}
