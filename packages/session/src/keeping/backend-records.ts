import { randomBytes } from "node:crypto";
import { recordings, Trace, withoutRequest } from "@mini/core/base";
import type { Logger } from "@mini/core/base";
import { freshFlashes, type Contents } from "../record/contents.ts";
import {
  decodeRecord,
  encodeRecord,
  isAliveRecord,
  replacedRecord,
  type DecodedRecord,
  type ReplacedNote,
  type SessionRecord,
} from "../record/record.ts";
import { isAlive, lifetimeOf, type Limits } from "../record/saved-session.ts";
import type { SessionId, SessionIds } from "../signing/signing.ts";
import type { OwnerIndex, SessionBackend } from "./backend.ts";
import { Deadline } from "./deadline.ts";
import { reasonOf, SessionUnavailableError } from "./failures.ts";
import { GroupCommit, type Edit, type EditResult } from "./group-commit.ts";
import { whyUnreadable, wrongResult } from "./results.ts";
import type { SessionBackendMessage } from "./traces.ts";

export interface BackendRecordsOptions {
  readonly backend: SessionBackend;
  /** The name of its class, for traces. */
  readonly backendName: string;
  readonly ids: SessionIds;
  /** The most milliseconds for each load and each commit. */
  readonly deadline: number;
  /** Seconds. */
  readonly flashMaxAge: number;
  /** Clock, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly logger: Logger;
  /** When the sessions were set up, in milliseconds since the Unix epoch. The first removal of expired records is due a minute later. */
  readonly startedAt: number;
}

/** A session that was created, and its id. */
export interface CreatedSession {
  readonly id: SessionId;
  readonly record: DecodedRecord;
}

/** Milliseconds between two removals of expired records, and how many records one removal takes at most. */
const pruneInterval = 60_000;
const pruneLimit = 1000;

const backendTrace = new Trace<SessionBackendMessage>("mini:session.backend", ({ backend, work }) => ({
  label: work,
  details: { backend },
}));

/**
 * The records in a backend, decoded. Gives every call a deadline, and logs failures. All requests share one object for each
 * backend. If several requests change one session, their changes are saved together.
 */
export class BackendRecords {
  readonly backend: SessionBackend;
  readonly backendName: string;
  readonly ids: SessionIds;
  readonly now: () => number;
  readonly logger: Logger;
  readonly #milliseconds: number;
  readonly #flashMaxAge: number;
  readonly #commits: GroupCommit;
  /** Keys whose idle time is being moved. */
  readonly #touching = new Set<string>();
  #prunedAt: number;

  constructor({ backend, backendName, ids, deadline, flashMaxAge, now, logger, startedAt }: BackendRecordsOptions) {
    this.backend = backend;
    this.backendName = backendName;
    this.ids = ids;
    this.now = now;
    this.logger = logger;
    this.#milliseconds = deadline;
    this.#flashMaxAge = flashMaxAge;
    this.#commits = new GroupCommit({ backend, deadline, onUnreadable: (stored) => this.#warnOfUnreadable("swap", stored) });
    this.#prunedAt = startedAt;
  }

  /** Runs all calls of one load, commit or removal within one deadline, and logs the failure of the backend. */
  async within<Result>(what: string, work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    const deadline = new Deadline(this.#milliseconds);
    try {
      const isTraced = recordings.areMade || backendTrace.channel?.hasSubscribers === true;
      return await (isTraced ? backendTrace.run({ backend: this.backendName, work: what }, () => work(deadline)) : work(deadline));
    } catch (error) {
      if (error instanceof SessionUnavailableError) this.logger.error(`Cannot ${what}: ${reasonOf(error.reason)}`);
      throw error;
    } finally {
      deadline.end();
    }
  }

  /** The record of a key, if the session is alive or has left a note of its new id. */
  async find(deadline: Deadline, key: string, limits: Limits): Promise<DecodedRecord | undefined> {
    return this.live(await deadline.call(() => this.backend.read(key)), limits);
  }

  /** What a backend has given for a key, under the same condition. @param call - The method that has given it. */
  live(stored: SessionRecord | undefined, limits: Limits, call = "read"): DecodedRecord | undefined {
    const record = this.#decode(stored, call);
    return record !== undefined && isAliveRecord(record, limits, this.now()) ? record : undefined;
  }

  /** The live session under the new id of a session that was replaced; `undefined` when it has ended too. */
  async successor(deadline: Deadline, { by }: ReplacedNote, limits: Limits): Promise<DecodedRecord | undefined> {
    const record = await this.find(deadline, by, limits);
    return record?.replaced === undefined ? record : this.successor(deadline, record.replaced, limits);
  }

  /**
   * Creates a session under a new id. For an owner without an `epoch`, the epoch is looked up first, and the result is `undefined`
   * when it has moved in the meantime, because all sessions of the owner were revoked. A caller that passes an epoch must check
   * this itself.
   */
  async create(deadline: Deadline, made: Omit<DecodedRecord, "version">): Promise<CreatedSession | undefined> {
    const { backend } = this;
    const { owner } = made;
    const owners = owner === undefined ? undefined : backend.owners;
    const id = this.ids.draw();
    const epoch = owners && (made.epoch ?? (await this.#epochOf(deadline, owners, owner!)));
    const record = encodeRecord({ ...made, epoch });
    // A revocation first moves the epoch and then lists the entries. So it finds this entry, or this method sees the new epoch.
    if (owners) await deadline.call(() => owners.add(owner!, id.key));
    try {
      const version = await deadline.call(() => backend.create(id.key, record, deadline));
      // Many drivers return `null` for a row that was not written.
      if (version === undefined || version === null)
        throw new Error("Cannot create a session: its random id exists already. The source of random bytes repeats itself.");
      if (typeof (version as unknown) !== "string") throw new SessionUnavailableError(wrongResult("create", "a version", version));
      this.#prune();
      const created = { id, record: { version, ...made, epoch } };
      if (made.epoch !== undefined || !(await this.isRevoked(deadline, created.record))) return created;
      await this.take(id.key, deadline);
      return undefined;
    } catch (error) {
      this.discard(id.key);
      throw error;
    }
  }

  /** Whether the owner's sessions were revoked since this one was given to the owner. */
  async isRevoked(deadline: Deadline, { owner, epoch }: Pick<DecodedRecord, "owner" | "epoch">): Promise<boolean> {
    const { owners } = this.backend;
    return owner !== undefined && owners !== undefined && (await this.#epochOf(deadline, owners, owner)) !== epoch;
  }

  async #epochOf(deadline: Deadline, owners: OwnerIndex, owner: string): Promise<number> {
    const epoch: unknown = await deadline.call(() => owners.epoch(owner));
    // A record with another epoch cannot be read, which would log the owner out.
    if (typeof epoch !== "number") throw new SessionUnavailableError(wrongResult("owners.epoch", "a number", epoch));
    return epoch;
  }

  /** Edits the record of a session; `undefined` when the session has ended or got a new id. */
  async edit(deadline: Deadline, key: string, known: DecodedRecord, limits: Limits, edit: Edit): Promise<EditResult | undefined> {
    const edited = await this.#commits.edit(key, known, (current) => (this.#isLive(current, limits) ? edit(current) : current), deadline);
    return edited !== undefined && this.#isLive(edited.before, limits) ? edited : undefined;
  }

  /**
   * Whether a record may be changed. The backend checks its idle time, because another request may have moved it since this process
   * read the record.
   */
  #isLive({ createdAt, expiresAt, overrides, replaced }: DecodedRecord, limits: Limits): boolean {
    return replaced === undefined && isAlive({ createdAt, usedAt: undefined, expiresAt }, lifetimeOf(limits, overrides), this.now());
  }

  /** Ends a session and returns its last record. */
  async take(key: string, deadline?: Deadline): Promise<DecodedRecord | undefined> {
    const take = () => this.backend.take(key);
    return this.#taken(key, await (deadline === undefined ? take() : deadline.call(take)));
  }

  /** Ends a session and returns its last record. If it has moved to a new id, ends the session under that id too, unless a log-in gave the new id. */
  async end(key: string, deadline: Deadline): Promise<DecodedRecord | undefined> {
    const record = await this.take(key, deadline);
    return record?.replaced?.isLogIn === false ? this.end(record.replaced.by, deadline) : record;
  }

  /**
   * Leaves a note of the new id instead of a session's record. Returns the last record, which is itself a note if another
   * request was first; `undefined` when the session has ended.
   */
  async replace(
    deadline: Deadline,
    key: string,
    known: DecodedRecord,
    limits: Limits,
    replaced: ReplacedNote,
  ): Promise<DecodedRecord | undefined> {
    const leave = (current: DecodedRecord) => (this.#isLive(current, limits) ? replacedRecord(current, replaced, this.now()) : current);
    const edited = await this.#commits.edit(key, known, leave, deadline);
    const old = edited?.before;
    if (old === undefined || old.replaced !== undefined) return old;
    if (edited!.after === old) return undefined;
    // The entry is not needed, because the key does not lead to a session any more. Until it is removed, lists skip it.
    if (old.owner !== undefined) this.removeFromOwner(old.owner, key);
    const { backend } = this;
    try {
      // If the cache fails, it may still show the old record for some time, which does no harm.
      if (backend.forget !== undefined) await deadline.call(() => backend.forget!(key));
    } catch (error) {
      this.warn("end the old id of a session everywhere", error instanceof SessionUnavailableError ? error.reason : error);
    }
    return old;
  }

  #taken(key: string, stored: SessionRecord | undefined): DecodedRecord | undefined {
    const record = this.#decode(stored, "take");
    // The entry is not needed, because the key is never used again. Until it is removed, lists skip it.
    if (record?.owner !== undefined) this.removeFromOwner(record.owner, key);
    return record;
  }

  /** Removes a session whose id was not sent to a client. Runs after the response, and may fail. */
  discard(key: string): void {
    this.#later("remove a session that was not finished", async () => void (await this.take(key)));
  }

  /** Removes a session from the list of its owner, after the response. */
  removeFromOwner(owner: string, key: string): void {
    const { owners } = this.backend;
    if (owners) this.#later("remove a session from the list of its owner", async () => owners.remove(owner, key));
  }

  /** Moves the idle time of a session, after the response; for each session, only one call runs at a time. */
  touch(key: string, idleAt: number): void {
    this.#moveIdleTime(key, (deadline) => deadline.call(() => this.backend.touch(key, idleAt)));
  }

  /** The same for a record with another `idleTimeout`, which must be written again. */
  moveIdle(key: string, known: DecodedRecord, limits: Limits, edit: Edit): void {
    this.#moveIdleTime(key, (deadline) => this.edit(deadline, key, known, limits, edit));
  }

  #moveIdleTime(key: string, move: (deadline: Deadline) => Promise<unknown>): void {
    if (this.#touching.has(key)) return;
    this.#touching.add(key);
    const what = "move the idle time of a session";
    this.#later(what, async () => {
      try {
        await this.within(what, move);
      } finally {
        this.#touching.delete(key);
      }
    });
  }

  /** The contents without messages that are too old to be shown. */
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
      // If there are more, the next session that is created removes more. Otherwise they would pile up on a site that creates more
      // sessions per minute than one removal takes.
      if ((await backend.prune!(pruneLimit)) >= pruneLimit) this.#prunedAt = -Infinity;
    });
  }

  /** Does work that no response waits for. A failure is logged. */
  #later(what: string, work: () => Promise<void>): void {
    withoutRequest(() => setImmediate(() => void work().catch((error: unknown) => this.warn(what, error))));
  }

  /** Logs a failure that does not change the response, unless `within` has logged it already. */
  warn(what: string, error: unknown): void {
    if (!(error instanceof SessionUnavailableError)) this.logger.warn(`Cannot ${what}: ${reasonOf(error)}`);
  }

  /** A backend may return `null` for a missing record, as many drivers do. */
  #decode(stored: SessionRecord | null | undefined, call: string): DecodedRecord | undefined {
    if (stored === undefined || stored === null) return undefined;
    const record = decodeRecord(stored);
    if (record === undefined) this.#warnOfUnreadable(call, stored);
    return record;
  }

  #warnOfUnreadable(call: string, stored: unknown): void {
    this.logger.warn(`A session is treated as ended: ${whyUnreadable(call, stored)}.`);
  }
}
