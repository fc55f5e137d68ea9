import { withoutRequest } from "@mini/core/base";
import type { CallSignal } from "./backend.ts";
import { SessionUnavailableError } from "./failures.ts";

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
