import { HTTPError, withoutRequest } from "@mini/core";

/**
 * Sessions can not be read or saved: their backend failed, or did not answer in time. The answer is 503, and the
 * client keeps its cookie. Whether a change was saved is unknown, so nothing is tried again.
 */
export class SessionUnavailableError extends HTTPError {
  override readonly code = "MINI_SESSION_UNAVAILABLE";
  /** What the backend failed with; it has been logged. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    super(503, undefined, { headers: { "retry-after": "1" } });
    this.reason = reason;
  }

  override get name(): string {
    return "SessionUnavailableError";
  }
}

/**
 * The time that a load or a commit may take, around all its calls to the backend. Whoever makes one ends it. What is
 * still under way when it has passed is left to itself, and no further call is made.
 */
export class Deadline {
  readonly #milliseconds: number;
  readonly #timer: NodeJS.Timeout;
  /** How to end each call that is under way. */
  readonly #waiting = new Set<(error: Error) => void>();
  #passed = false;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    // In a process that was busy the time is over before the answers that have arrived are looked at: they come first.
    this.#timer = setTimeout(() => setImmediate(() => this.#expire()), milliseconds);
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** The result of a call. @throws SessionUnavailableError when it fails, or when the time is over. */
  call<Result>(work: () => Promise<Result>): Promise<Result> {
    // Written without `async`, because every request that uses a session comes this way, and each promise costs.
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.#waiting.delete(fail);
        reject(error instanceof SessionUnavailableError ? error : new SessionUnavailableError(error));
      };
      if (this.#passed) {
        fail(this.#late());
        return;
      }
      this.#waiting.add(fail);
      try {
        // What a driver keeps for later, such as a timer for each call, must not keep the request.
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
    this.#passed = true;
    for (const fail of this.#waiting) fail(this.#late());
  }

  #late(): Error {
    return new Error(`the backend has not answered within ${this.#milliseconds} ms.`);
  }
}
