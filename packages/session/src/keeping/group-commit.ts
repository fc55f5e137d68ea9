import { decodeRecord, encodeRecord, type DecodedRecord } from "../record/record.ts";
import { SessionTooLargeError } from "../record/session-too-large.ts";
import type { CallSignal, SessionBackend, SwapResult } from "./backend.ts";
import { Deadline } from "./deadline.ts";
import { SessionUnavailableError } from "./failures.ts";
import { wrongResult } from "./results.ts";

/** Makes a new record from the current one; returns the same record when nothing changes. May run again on a newer record. */
export type Edit = (current: DecodedRecord) => DecodedRecord;

/** The record before an edit, and the newest record, which includes the edit. */
export interface EditResult {
  readonly before: DecodedRecord;
  readonly after: DecodedRecord;
  /** How many tries have failed, because another process had changed the record; `undefined`: none. */
  readonly retries: number | undefined;
}

type Outcome = { readonly edited: EditResult | undefined } | { readonly error: unknown };

/** An edit that waits to be saved. */
interface Job {
  readonly known: DecodedRecord;
  readonly edit: Edit;
  readonly deadline: Deadline;
  readonly settle: (outcome: Outcome) => void;
}

/** An edit that was made on a record in memory, and is not saved yet. */
interface Draft extends Omit<EditResult, "retries"> {
  readonly job: Job;
}

export interface GroupCommitOptions {
  readonly backend: Pick<SessionBackend, "swap">;
  /** Milliseconds for one swap. */
  readonly deadline: number;
  /** Called with a record that cannot be decoded. */
  readonly onUnreadable: (stored: unknown) => void;
}

/**
 * The longest pause between two tries, in milliseconds. With a longer one, a process that lost once would keep losing to
 * processes that retry at once.
 */
const longestPause = 2;

/**
 * Edits records by compare-and-swap. The edits of one session are made one after the other in this process, and those that
 * arrive during a swap are saved together by the next swap. So only other processes can make a swap fail.
 */
export class GroupCommit {
  readonly #backend: Pick<SessionBackend, "swap">;
  readonly #milliseconds: number;
  readonly #onUnreadable: (stored: unknown) => void;
  /** By key, the edits that wait for the running swap. */
  readonly #waiting = new Map<string, Job[]>();

  constructor({ backend, deadline, onUnreadable }: GroupCommitOptions) {
    this.#backend = backend;
    this.#milliseconds = deadline;
    this.#onUnreadable = onUnreadable;
  }

  /**
   * Edits a record. Returns `undefined` if the session has ended in the meantime.
   *
   * @param known - The newest record that the request knows.
   * @throws SessionUnavailableError; SessionTooLargeError; what `edit` throws.
   */
  async edit(key: string, known: DecodedRecord, edit: Edit, deadline: Deadline): Promise<EditResult | undefined> {
    const outcome = await deadline.call(() => new Promise<Outcome>((settle) => this.#add(key, { known, edit, deadline, settle })));
    if ("error" in outcome) throw outcome.error;
    return outcome.edited;
  }

  #add(key: string, job: Job): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(job);
      return;
    }
    const jobs = [job];
    this.#waiting.set(key, jobs);
    void this.#run(key, jobs);
  }

  async #run(key: string, waiting: Job[]): Promise<void> {
    let current: DecodedRecord | undefined;
    while (true) {
      const jobs = waiting.splice(0);
      const last = jobs.at(-1);
      if (last === undefined) break;
      current = await this.#saveTogether(key, jobs, current ?? last.known);
    }
    this.#waiting.delete(key);
  }

  /** Saves all of the edits in one swap, and returns the newest known record. */
  async #saveTogether(key: string, all: readonly Job[], known: DecodedRecord): Promise<DecodedRecord | undefined> {
    let jobs = all;
    let current = known;
    // Whether `current` is known to be the newest record. Until then, one of the requests may have loaded a newer one.
    let isNewest = false;
    let retries: number | undefined;
    for (let tries = 0; ; tries++) {
      // A request that was answered 503 must not change anything afterwards.
      const drafts = makeDrafts(
        jobs.filter(({ deadline }) => !deadline.aborted),
        current,
      );
      const made = drafts.at(-1)?.after ?? current;
      // The next try leaves out the requests that got an error.
      jobs = drafts.map(({ job }) => job);
      if (drafts.every(({ before, after }) => before === after)) {
        const unchanged = { before: current, after: current, retries };
        const isSure = ({ known: own }: Job) => isNewest || (own.version === current.version && current.cached !== true);
        for (const job of jobs.filter(isSure)) job.settle({ edited: unchanged });
        jobs = jobs.filter((job) => !isSure(job));
        const last = jobs.at(-1);
        if (last === undefined) return current;
        if (last.known.version !== current.version) {
          current = last.known;
          continue;
        }
        // The record comes from a cache. Only the backend can tell whether it is the newest, by a swap.
      }
      const signal = new SharedSignal(drafts);
      try {
        const result = await this.#swap(key, current.version, made, signal);
        if (result.ok) {
          const after = { ...made, version: result.version, cached: false };
          for (const { job, before } of drafts) job.settle({ edited: { before, after, retries } });
          return after;
        }
        const newer = result.current ? decodeRecord(result.current) : undefined;
        if (newer === undefined) {
          if (result.current) this.#onUnreadable(result.current);
          for (const { job } of drafts) job.settle({ edited: undefined });
          return undefined;
        }
        current = newer;
        isNewest = true;
        retries = (retries ?? 0) + 1;
      } catch (error) {
        // Nothing was saved, because some requests were answered in the meantime. The edits of the others are tried again.
        if (signal.aborted && isAbort(error) && jobs.some(({ deadline }) => !deadline.aborted)) continue;
        if (error instanceof SessionTooLargeError && drafts.length > 1) return this.#saveEach(key, drafts, current);
        for (const { job } of drafts) job.settle({ error });
        return error instanceof SessionUnavailableError ? undefined : current;
      }
      if (tries > 0) await pause(tries);
    }
  }

  /** Makes one swap for each edit, to find the edit that makes the record too long. */
  async #saveEach(key: string, drafts: readonly Draft[], known: DecodedRecord): Promise<DecodedRecord | undefined> {
    let current: DecodedRecord | undefined = known;
    for (const { job } of drafts) current = await this.#saveTogether(key, [job], current ?? job.known);
    return current;
  }

  async #swap(key: string, version: string, made: DecodedRecord, signal: CallSignal): Promise<SwapResult> {
    const record = encodeRecord(made);
    const deadline = new Deadline(this.#milliseconds);
    try {
      const result = await deadline.call(() => this.#backend.swap(key, version, record, signal));
      const { ok, version: next } = ((result as unknown) ?? {}) as { readonly ok?: unknown; readonly version?: unknown };
      if (ok === false || (ok === true && typeof next === "string")) return result;
      throw new SessionUnavailableError(wrongResult("swap", "{ ok: true, version: string } or { ok: false, current }", result));
    } finally {
      deadline.end();
    }
  }
}

/** Aborted once one of the requests has been answered. */
class SharedSignal implements CallSignal {
  readonly #drafts: readonly Draft[];

  constructor(drafts: readonly Draft[]) {
    this.#drafts = drafts;
  }

  get aborted(): boolean {
    return this.#drafts.some(({ job }) => job.deadline.aborted);
  }
}

function isAbort(error: unknown): boolean {
  const reason = error instanceof SessionUnavailableError ? error.reason : undefined;
  return reason instanceof Error && reason.name === "AbortError";
}

/** Makes the edits one after the other. An edit that throws is left out, and its request gets the error. */
function makeDrafts(jobs: readonly Job[], current: DecodedRecord): readonly Draft[] {
  const drafts: Draft[] = [];
  let before = current;
  for (const job of jobs) {
    try {
      const made = job.edit(before);
      // A record between two edits is never saved, so it has no version.
      const after = made === before ? before : { ...made, version: "" };
      drafts.push({ job, before, after });
      before = after;
    } catch (error) {
      job.settle({ error });
    }
  }
  return drafts;
}

/** Waits for a random time, so that two processes do not try again at the same moment. */
function pause(tries: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(tries, longestPause)));
}
