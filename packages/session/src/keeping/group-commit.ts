import type { SessionBackend, SwapResult } from "./backend.ts";
import { Deadline, SessionUnavailableError } from "./deadline.ts";
import { SessionTooLargeError } from "../record/too-large.ts";
import { decodeRecord, encodeRecord, type KeptRecord } from "../record/record.ts";

/** What a request makes of a record; the record itself when there is nothing to change. May run again on a newer one. */
export type Change = (current: KeptRecord) => KeptRecord;

/** The record that a change was made on, and the newest one, which has it. */
export interface Changed {
  readonly before: KeptRecord;
  readonly after: KeptRecord;
}

type Outcome = { readonly changed: Changed | undefined } | { readonly error: unknown };

interface Job {
  readonly known: KeptRecord;
  readonly change: Change;
  readonly deadline: Deadline;
  readonly settle: (outcome: Outcome) => void;
}

interface Step {
  readonly job: Job;
  readonly before: KeptRecord;
  readonly after: KeptRecord;
}

export interface GroupCommitOptions {
  readonly backend: Pick<SessionBackend, "swap">;
  /** Milliseconds for one swap. */
  readonly deadline: number;
  /** Told of a record that is none of ours. */
  readonly unreadable: () => void;
}

/** Most milliseconds between two tries: more, and whoever loses once loses again to those who go straight on. */
const longestPause = 2;

/**
 * Changes records by compare-and-swap, each session's changes in this process one after the other: those that come
 * while a swap is under way are made together in the next one. Only other processes can make a swap fail then.
 */
export class GroupCommit {
  readonly #backend: Pick<SessionBackend, "swap">;
  readonly #milliseconds: number;
  readonly #unreadable: () => void;
  /** By session, the changes that wait for the swap that is under way. */
  readonly #waiting = new Map<string, Job[]>();

  constructor({ backend, deadline, unreadable }: GroupCommitOptions) {
    this.#backend = backend;
    this.#milliseconds = deadline;
    this.#unreadable = unreadable;
  }

  /**
   * Changes a record; `undefined` when the session has ended meanwhile.
   *
   * @param known - The newest record that the request knows.
   * @throws SessionUnavailableError; what `change` throws; SessionTooLargeError.
   */
  async commit(key: string, known: KeptRecord, change: Change, deadline: Deadline): Promise<Changed | undefined> {
    const outcome = await deadline.call(() => new Promise<Outcome>((settle) => this.#add(key, { known, change, deadline, settle })));
    if ("error" in outcome) throw outcome.error;
    return outcome.changed;
  }

  #add(key: string, job: Job): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(job);
      return;
    }
    const made = [job];
    this.#waiting.set(key, made);
    void this.#run(key, made);
  }

  async #run(key: string, waiting: Job[]): Promise<void> {
    let current: KeptRecord | undefined;
    while (true) {
      const jobs = waiting.splice(0);
      const last = jobs.at(-1);
      if (last === undefined) break;
      current = await this.#commitAll(key, jobs, current ?? last.known);
    }
    this.#waiting.delete(key);
  }

  /** Makes all of the changes in one swap; the newest record as far as it is known then. */
  async #commitAll(key: string, all: readonly Job[], known: KeptRecord): Promise<KeptRecord | undefined> {
    let jobs = all;
    let current = known;
    // Whether it was there after all of these requests had loaded theirs; before that, one of those may be newer.
    let isNewest = false;
    for (let tries = 0; ; tries++) {
      // For whoever was answered 503 nothing must be changed afterwards.
      const steps = makeSteps(
        jobs.filter(({ deadline }) => !deadline.passed),
        current,
      );
      const made = steps.at(-1)?.after ?? current;
      // Who has been told of an error is not tried again.
      jobs = steps.map(({ job }) => job);
      if (steps.every(({ before, after }) => before === after)) {
        const unchanged = { before: current, after: current };
        const isSure = ({ known: own }: Job) => isNewest || (own.version === current.version && current.cached !== true);
        for (const job of jobs.filter(isSure)) job.settle({ changed: unchanged });
        jobs = jobs.filter((job) => !isSure(job));
        const last = jobs.at(-1);
        if (last === undefined) return current;
        if (last.known.version !== current.version) {
          current = last.known;
          continue;
        }
        // It comes from a cache: only the backend can tell whether it is what is kept.
      }
      try {
        const result = await this.#swap(key, current.version, made);
        if (result.ok) {
          const after = { ...made, version: result.version, cached: false };
          for (const { job, before } of steps) job.settle({ changed: { before, after } });
          return after;
        }
        const newer = result.current ? decodeRecord(result.current) : undefined;
        if (newer === undefined) {
          if (result.current) this.#unreadable();
          for (const { job } of steps) job.settle({ changed: undefined });
          return undefined;
        }
        current = newer;
        isNewest = true;
      } catch (error) {
        if (error instanceof SessionTooLargeError && steps.length > 1) return this.#commitEach(key, steps, current);
        for (const { job } of steps) job.settle({ error });
        return error instanceof SessionUnavailableError ? undefined : current;
      }
      if (tries > 0) await pause(tries);
    }
  }

  /** One swap for each, to find the one that makes the record too long. */
  async #commitEach(key: string, steps: readonly Step[], known: KeptRecord): Promise<KeptRecord | undefined> {
    let current: KeptRecord | undefined = known;
    for (const { job } of steps) current = await this.#commitAll(key, [job], current ?? job.known);
    return current;
  }

  async #swap(key: string, version: string, made: KeptRecord): Promise<SwapResult> {
    const record = encodeRecord(made);
    const deadline = new Deadline(this.#milliseconds);
    try {
      const result = await deadline.call(() => this.#backend.swap(key, version, record));
      if (typeof (result as Partial<SwapResult> | undefined)?.ok === "boolean") return result;
      throw new SessionUnavailableError(new TypeError("the backend's swap() has given no result"));
    } finally {
      deadline.end();
    }
  }
}

/** The changes one on top of the other; one that throws is left out, and told so. */
function makeSteps(jobs: readonly Job[], current: KeptRecord): readonly Step[] {
  const steps: Step[] = [];
  let before = current;
  for (const job of jobs) {
    try {
      const made = job.change(before);
      // What is there only between two changes has no version.
      const after = made === before ? before : { ...made, version: "" };
      steps.push({ job, before, after });
      before = after;
    } catch (error) {
      job.settle({ error });
    }
  }
  return steps;
}

/** Waits for a moment that is never the same as that of another process. */
function pause(tries: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(tries, longestPause)));
}
