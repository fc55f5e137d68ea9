import { SessionUnavailableError } from "./errors.ts";

/**
 * The time that a load or a commit may take, around all its calls to the backend. Whoever makes one ends it. What is
 * still under way when it has passed is left to itself, and no further call is made.
 */
export class Deadline {
  readonly #expired: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  #passed = false;

  /** @param what - What does not get done in time, for the log: `load a session`. */
  constructor(milliseconds: number, what: string) {
    let expire: (error: Error) => void;
    this.#expired = new Promise((_resolve, reject) => (expire = reject));
    this.#expired.catch(ignore);
    const end = () => {
      this.#passed = true;
      expire(unavailable(new Error(`Cannot ${what}: the backend has not answered within ${milliseconds} ms.`)));
    };
    // In a process that was busy the time is over before the answers that have arrived are looked at: they come first.
    this.#timer = setTimeout(() => setImmediate(end), milliseconds);
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** The result of a call. @throws SessionUnavailableError when it fails, or when the time is over. */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#passed) return this.#expired;
    try {
      return await Promise.race([work(), this.#expired]);
    } catch (error) {
      throw error instanceof SessionUnavailableError ? error : unavailable(error);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Runs work that has so much time, whatever comes of it. */
export async function within<Result>(milliseconds: number, what: string, work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
  const deadline = new Deadline(milliseconds, what);
  try {
    return await work(deadline);
  } finally {
    deadline.end();
  }
}

const unavailable = (cause: unknown) => new SessionUnavailableError({ cause });

function ignore(): void {}
