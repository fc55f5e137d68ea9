import { randomBytes } from "node:crypto";
import { withoutRequest } from "@mini/core";
import type { Logger } from "@mini/core";
import { Deadline, SessionUnavailableError } from "./deadline.ts";
import { SessionStillCachedError, type SessionBackend } from "./backend.ts";
import { freshFlashes } from "../record/flash.ts";
import { decodeRecord, encodeRecord, type KeptRecord, type SessionRecord } from "../record/record.ts";
import type { Contents } from "../record/operations.ts";
import type { SessionId, SessionIds } from "../signing/session-ids.ts";
import { GroupCommit, type Change, type Changed } from "./group-commit.ts";

export interface KeyedStoreOptions {
  readonly backend: SessionBackend;
  readonly ids: SessionIds;
  /** Milliseconds for a load, and again for a commit. */
  readonly deadline: number;
  /** Seconds. */
  readonly flashMaxAge: number;
  /** Clock, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** A session that was made, and its id. */
export interface Created {
  readonly id: SessionId;
  readonly record: KeptRecord;
}

/** Milliseconds between two removals of expired records when one has found them all, and how many one removes at most. */
const pruneInterval = 60_000;
const pruneLimit = 1000;

/** A backend with records in place of bytes: what the sessions, and the lists of an owner's, are made on. */
export class KeyedStore {
  readonly backend: SessionBackend;
  readonly ids: SessionIds;
  readonly now: () => number;
  readonly logger: Logger;
  readonly #milliseconds: number;
  readonly #flashMaxAge: number;
  readonly #commits: GroupCommit;
  readonly #touching = new Set<string>();
  #prunedAt: number;

  constructor({ backend, ids, deadline, flashMaxAge, now, logger }: KeyedStoreOptions) {
    this.backend = backend;
    this.ids = ids;
    this.now = now;
    this.logger = logger;
    this.#milliseconds = deadline;
    this.#flashMaxAge = flashMaxAge;
    this.#commits = new GroupCommit({ backend, deadline, unreadable: () => this.#warnOfUnreadable() });
    this.#prunedAt = now();
  }

  /** Runs all calls of one load, commit or removal within the one deadline that it has. */
  async within<Result>(what: string, work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    const deadline = new Deadline(this.#milliseconds);
    try {
      return await work(deadline);
    } catch (error) {
      if (error instanceof SessionUnavailableError) this.logger.error(`Cannot ${what}: ${reasonOf(error.reason)}`);
      throw error;
    } finally {
      deadline.end();
    }
  }

  /** The live record of a key. */
  async find(deadline: Deadline, key: string): Promise<KeptRecord | undefined> {
    return this.live(await deadline.call(() => this.backend.read(key)));
  }

  /** What was read, when it is alive; what the clock says here counts, whatever the backend gives. */
  live(stored: SessionRecord | undefined): KeptRecord | undefined {
    const record = this.#decode(stored);
    const now = this.now();
    return record !== undefined && now < record.idleAt && now < record.expiresAt ? record : undefined;
  }

  /**
   * Makes a session under an id of its own. For an owner without an `epoch` that is looked up first, and `undefined`
   * the answer when it has moved meanwhile: all his sessions were revoked. Who gives an epoch has to look himself.
   */
  async create(deadline: Deadline, made: Omit<KeptRecord, "version">): Promise<Created | undefined> {
    const { backend } = this;
    const { owner } = made;
    const owners = owner === undefined ? undefined : backend.owners;
    const id = this.ids.draw();
    const epoch = owners && (made.epoch ?? (await deadline.call(() => owners.epoch(owner!))));
    const record = encodeRecord({ ...made, epoch });
    // Whoever revokes counts first and lists then: this entry is seen, or else the count.
    if (owners) await deadline.call(() => owners.add(owner!, id.key));
    try {
      const version = await deadline.call(() => backend.create(id.key, record));
      if (version === undefined)
        throw new Error("Cannot make a session: its random id is taken. The source of random bytes repeats itself.");
      this.#prune();
      const created = { id, record: { ...made, epoch, version } };
      if (made.epoch !== undefined || !(await this.isRevoked(deadline, created.record))) return created;
      await this.take(id.key, deadline);
      return undefined;
    } catch (error) {
      this.discard(id.key);
      throw error;
    }
  }

  /** Whether an owner's sessions were revoked since this one was given to him. */
  async isRevoked(deadline: Deadline, { owner, epoch }: Pick<KeptRecord, "owner" | "epoch">): Promise<boolean> {
    const { owners } = this.backend;
    return owner !== undefined && owners !== undefined && (await deadline.call(() => owners.epoch(owner))) !== epoch;
  }

  change(deadline: Deadline, key: string, known: KeptRecord, change: Change): Promise<Changed | undefined> {
    return this.#commits.commit(key, known, change, deadline);
  }

  /** Ends a session and gives what it was. */
  async take(key: string, deadline?: Deadline): Promise<KeptRecord | undefined> {
    const take = () => this.backend.take(key);
    return this.#taken(key, await (deadline === undefined ? take() : deadline.call(take)));
  }

  /** Ends a session in whose place another one is there already: what a cache may still show of it harms nobody. */
  async replace(key: string, deadline: Deadline): Promise<KeptRecord | undefined> {
    try {
      return await this.take(key, deadline);
    } catch (error) {
      const reason: unknown = error instanceof SessionUnavailableError ? error.reason : undefined;
      if (!(reason instanceof SessionStillCachedError)) throw error;
      this.warn("end the old id of a session everywhere", reason);
      return this.#taken(key, reason.record);
    }
  }

  #taken(key: string, stored: SessionRecord | undefined): KeptRecord | undefined {
    const record = this.#decode(stored);
    // The key never comes back, so nobody needs the entry; whoever lists passes over it until then.
    if (record?.owner !== undefined) this.disown(record.owner, key);
    return record;
  }

  /** Removes a session that nobody knows the id of, later and if possible. */
  discard(key: string): void {
    this.#later("remove a session that was not finished", async () => void (await this.take(key)));
  }

  disown(owner: string, key: string): void {
    const { owners } = this.backend;
    if (owners) this.#later("remove a session from its owner's", async () => owners.remove(owner, key));
  }

  /** Moves a session's idle time, after the head and once at a time. */
  touch(key: string, idleAt: number): void {
    if (this.#touching.has(key)) return;
    this.#touching.add(key);
    const what = "move the idle time of a session";
    this.#later(what, async () => {
      try {
        await this.within(what, (deadline) => deadline.call(() => this.backend.touch(key, idleAt)));
      } finally {
        this.#touching.delete(key);
      }
    });
  }

  /** Without messages that are too old to be shown. */
  fresh({ data, flashes }: Contents): Contents {
    return { data, flashes: freshFlashes(flashes, this.#flashMaxAge, this.now()) };
  }

  newHandle(): string {
    return randomBytes(12).toString("base64url");
  }

  #prune(): void {
    const { backend } = this;
    const now = this.now();
    if (backend.prune === undefined || Math.abs(now - this.#prunedAt) < pruneInterval) return;
    this.#prunedAt = now;
    this.#later("remove expired sessions", async () => {
      // Where there are more, whoever makes the next session goes on; else they pile up on a site that makes more in a minute.
      if ((await backend.prune!(pruneLimit)) >= pruneLimit) this.#prunedAt = -Infinity;
    });
  }

  /** Does what no answer waits for; a failure is logged. */
  #later(what: string, work: () => Promise<void>): void {
    withoutRequest(() => setImmediate(() => void work().catch((error: unknown) => this.warn(what, error))));
  }

  /** Logs a failure that no answer tells of; one of the backend has been logged. */
  warn(what: string, error: unknown): void {
    if (!(error instanceof SessionUnavailableError)) this.logger.warn(`Cannot ${what}: ${reasonOf(error)}`);
  }

  /** Drivers say null for what is missing, and so may a backend that was written in haste. */
  #decode(stored: SessionRecord | null | undefined): KeptRecord | undefined {
    if (stored === undefined || stored === null) return undefined;
    const record = decodeRecord(stored);
    if (record === undefined) this.#warnOfUnreadable();
    return record;
  }

  #warnOfUnreadable(): void {
    this.logger.warn("A session counts as ended: its record is none that this version of @mini/session has written.");
  }
}

function reasonOf(error: unknown): string {
  // A connection to a name of several addresses fails with the errors of all, and without a message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
