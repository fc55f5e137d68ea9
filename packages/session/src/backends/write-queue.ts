import type { CallSignal } from "../keeping/backend.ts";

export interface WriteQueueOptions {
  /** Runs an action as one transaction, which is on the disk when this returns. If the action throws, everything is undone. */
  readonly transaction: (action: () => void) => void;
  /** Whether a transaction failed because another connection writes, so that it should be tried again. */
  readonly isBusy: (error: unknown) => boolean;
  /** Milliseconds that a write waits for other connections. */
  readonly timeout: number;
  /** The error of a write that has waited that long. */
  readonly timedOut: (cause: unknown) => Error;
}

interface Write {
  /** When it gives up; milliseconds of `performance.now()`. */
  readonly until: number;
  /** Does the work within a transaction, and keeps the result. */
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The most writes in one transaction: it blocks the event loop. */
const mostWrites = 100;
/** The most milliseconds between two tries while another connection writes. */
const longestPause = 2;
/** After a queue had to wait, it pauses for 5 ms after each transaction, for 200 ms. */
const pauseAfterBusy = { pause: 5, lasts: 200 } as const;

/**
 * Writes to an embedded database whose driver is synchronous. The writes that come in one turn of the event loop are one
 * transaction, so that they share the wait for the disk. While another connection writes, they wait without blocking the
 * event loop, and later writes join them.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #waiting: Write[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #isScheduled = false;
  /** When another connection was last found writing; milliseconds of `performance.now()`. */
  #busyAt = -Infinity;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /**
   * Runs an action within a transaction. It may run again when another action of the transaction fails, and does not run when
   * the signal is aborted by then.
   */
  write<Result>(action: () => Result, signal?: CallSignal): Promise<Result> {
    let result: Result;
    const done = new Promise<void>((resolve, reject) => {
      const run = () => {
        if (signal?.aborted)
          throw new DOMException("The request was answered before its change was made. Nothing was changed.", "AbortError");
        result = action();
      };
      this.#waiting.push({ until: performance.now() + this.#options.timeout, run, resolve, reject });
      this.#schedule();
    }).then(() => result);
    this.#pending.add(done);
    const settled = () => void this.#pending.delete(done);
    done.then(settled, settled);
    return done;
  }

  /** Waits for the writes under way. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  #schedule(pause?: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const run = () => {
      this.#isScheduled = false;
      this.#run();
    };
    if (pause === undefined) setImmediate(run);
    else setTimeout(run, pause);
  }

  #run(): void {
    const writes = this.#waiting.splice(0, mostWrites);
    if (writes.length === 0) return;
    const busy = this.#transact(writes);
    const now = performance.now();
    if (busy === undefined) {
      // Without a pause, this process takes the lock again before the others try, and they might never get it.
      if (now - this.#busyAt < pauseAfterBusy.lasts) this.#schedule(pauseAfterBusy.pause);
      else if (this.#waiting.length > 0) this.#schedule();
      return;
    }
    this.#busyAt = now;
    const inTime = writes.filter(({ until }) => now < until);
    for (const { until, reject } of writes) if (now >= until) reject(this.#options.timedOut(busy));
    this.#waiting.unshift(...inTime);
    // A random pause, so that two processes do not try again at the same moment.
    if (this.#waiting.length > 0) this.#schedule(Math.random() * longestPause);
  }

  /**
   * Runs the writes as one transaction, leaving out those that throw. Returns the error if the transaction must wait for another
   * connection.
   */
  #transact(all: readonly Write[]): unknown {
    let writes = all;
    while (writes.length > 0) {
      let current: Write | undefined;
      try {
        this.#options.transaction(() => {
          for (current of writes) current.run();
          current = undefined;
        });
      } catch (error) {
        if (this.#options.isBusy(error)) return error ?? new Error("busy");
        const failed = current;
        if (failed === undefined) {
          for (const { reject } of writes) reject(error);
          return undefined;
        }
        failed.reject(error);
        writes = writes.filter((write) => write !== failed);
        continue;
      }
      for (const { resolve } of writes) resolve();
      return undefined;
    }
    return undefined;
  }
}
