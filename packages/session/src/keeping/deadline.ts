import { HTTPError, withoutRequest, type Logger } from "@mini/core/base";
import type { CallSignal } from "./backend.ts";

/** Headers of the response to an error, which has its message as text. */
export const errorHeaders = {
  "content-type": "text/plain; charset=utf-8",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Sessions cannot be read or saved, because their backend failed or did not answer in time. The response is 503, and the client
 * keeps its cookie. It is unknown whether a change was saved, so it is not tried again.
 */
export class SessionUnavailableError extends HTTPError {
  override readonly code = "MINI_SESSION_UNAVAILABLE";
  /** The error of the backend; it has been logged. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    super(503, undefined, { headers: { "retry-after": "1" } });
    this.reason = reason;
  }

  override get name(): string {
    return "SessionUnavailableError";
  }

  /** The 503 response. The error handler of Hono calls this. */
  getResponse(): Response {
    return new Response(this.message, { status: this.status, headers: { ...errorHeaders, ...this.headers } });
  }
}

/**
 * The time for a load or a commit, with all its calls to the backend. The code that creates a deadline must end it. When the time
 * is over, running calls reject, and new calls are not made.
 */
export class Deadline implements CallSignal {
  readonly #milliseconds: number;
  readonly #server: string;
  readonly #timer: NodeJS.Timeout;
  /** The functions that reject the running calls. */
  readonly #waiting = new Set<(error: Error) => void>();
  #aborted = false;

  /** @param server - What is called, for the error message. */
  constructor(milliseconds: number, server = "the backend") {
    this.#milliseconds = milliseconds;
    this.#server = server;
    // When the process was busy, timers run before answers that have already arrived. With setImmediate, these answers are still in
    // time.
    this.#timer = setTimeout(() => setImmediate(() => this.#expire()), milliseconds);
  }

  /** Whether the time is over. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** The result of a call. @throws SessionUnavailableError when the call fails, or when the time is over. */
  call<Result>(work: () => Promise<Result>): Promise<Result> {
    // Without `async`: every request that uses a session in a backend runs this, and each promise costs time.
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.#waiting.delete(fail);
        reject(error instanceof SessionUnavailableError ? error : new SessionUnavailableError(error));
      };
      if (this.#aborted) {
        fail(this.#late());
        return;
      }
      this.#waiting.add(fail);
      try {
        // Drivers keep objects beyond the call, such as a timer for each. They must not keep the request in memory.
        withoutRequest(work).then((result) => {
          this.#waiting.delete(fail);
          resolve(result);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    this.#aborted = true;
    for (const fail of this.#waiting) fail(this.#late());
  }

  #late(): Error {
    return new Error(`${this.#server} has not answered within ${this.#milliseconds} ms.`);
  }
}

/** The message of a failure, for a log. */
export function reasonOf(error: unknown): string {
  // If a name has several addresses, the error of a failed connection has the errors of all of them, and no message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Logs the failure of a change that no response reports, unless it was logged already. The caller may not await the change. */
export function logFailure(change: Promise<unknown>, logger: Logger): void {
  change.catch((error: unknown) => {
    if (!(error instanceof SessionUnavailableError)) logger.error(reasonOf(error));
  });
}
