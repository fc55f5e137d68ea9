import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { Member, Order, Report } from "./messages.ts";

/** A process that ran for at least this many milliseconds is replaced without a pause when it ends. */
const longEnough = 10_000;
const longestPause = 30_000;

/** Milliseconds to wait before the next start, by how many processes in a row ended too early: 0 at first, then more and more. */
const pauseAfter = (soonEnded: number) => (soonEnded < 2 ? 0 : Math.min(250 * 2 ** soonEnded, longestPause));

export interface SupervisorOptions {
  readonly number: number;
  /** Environment variables in addition to those of the primary. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called when there is another process, or none. */
  readonly onChange: () => void;
  /** Starts a process. Default `cluster.fork`. */
  readonly fork?: (environment: Readonly<Record<string, string>>) => Worker;
  /** Waits for a time in milliseconds. Rejects when the signal is aborted. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Clock, in milliseconds since any moment. Default `performance.now`. */
  readonly now?: () => number;
}

const defaults = {
  fork: (environment: Readonly<Record<string, string>>) => cluster.fork(environment),
  pause: (milliseconds: number, signal: AbortSignal) => sleep(milliseconds, undefined, { signal }),
  now: () => performance.now(),
};

/** Keeps one process running: when it dies, another one is started. */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>;
  readonly #closing = new AbortController();
  #worker: Worker | undefined;
  #url: string | undefined;
  #renewal: Promise<boolean> | undefined;
  #soonEnded = 0;

  constructor(options: SupervisorOptions) {
    this.#options = { ...defaults, ...options };
  }

  /** The URL at which the last process listened. */
  get url(): string | undefined {
    return this.#url;
  }

  /** The current process; `undefined` while a dead one is being replaced. */
  get member(): Member | undefined {
    const pid = this.#worker?.process.pid;
    return pid === undefined ? undefined : { number: this.#options.number, pid };
  }

  tell(order: Order): void {
    if (this.#worker !== undefined) tell(this.#worker, order);
  }

  /**
   * Starts a process, and tells the old one to finish once the new one listens, so that there is always one that accepts
   * connections. `false` if the new one ended before that; then the old one stays.
   */
  renew(): Promise<boolean> {
    return (this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined)));
  }

  /** Starts processes until one listens. */
  async start(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      // The pause ends at once when `close` is called.
      await this.#options.pause(pauseAfter(this.#soonEnded), this.#closing.signal).catch(() => undefined);
      if (this.#closing.signal.aborted || (await this.renew())) return;
    }
  }

  /** Starts no more processes. */
  close(): void {
    this.#closing.abort();
  }

  async #renew(): Promise<boolean> {
    const { number, environment, fork, now } = this.#options;
    const worker = fork({ ...environment, WORKER: String(number) });
    const startedAt = now();
    const ended = new Promise<void>((resolve) => {
      worker.once("exit", (code, signal) => {
        this.#soonEnded = now() - startedAt < longEnough ? this.#soonEnded + 1 : 0;
        this.#note(worker, signal ?? `code ${code}`);
        resolve();
      });
      worker.on("error", (error) => console.error(`Process ${number}: ${error.message}`));
    });
    const listens = new Promise<string>((resolve) => worker.once("message", ({ url }: Report) => resolve(url)));
    const url = await Promise.race([listens, ended]);
    if (url === undefined) return false;
    this.tell("finish");
    this.#worker = worker;
    this.#url = url;
    this.#options.onChange();
    void ended.then(() => this.#replace(worker));
    return true;
  }

  async #replace(worker: Worker): Promise<void> {
    if (this.#worker !== worker) return; // it was told to finish
    this.#worker = undefined;
    this.#options.onChange();
    await this.start();
  }

  #note(worker: Worker, how: string): void {
    if (this.#closing.signal.aborted || (this.#worker !== worker && how === "code 0")) return;
    console.error(`Process ${this.#options.number} (pid ${worker.process.pid}) ended with ${how}.`);
  }
}

/** Sends a message to a worker. A worker that has just ended does not get it, and does not need it. */
export function tell(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order, () => undefined);
}
