import { randomBytes } from "node:crypto";
import type { Logger } from "@mini/core";
import type { SessionBackend, SessionRecord } from "../backend.ts";
import { within, type Deadline } from "../deadline.ts";
import { freshFlashes } from "../flash.ts";
import { decodeRecord, encodeRecord, type KeptRecord } from "../kept-record.ts";
import type { Contents } from "../operations.ts";
import type { SessionId, SessionIds } from "../session-ids.ts";
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

/** Milliseconds between two removals of expired records, and how many one removes at most. */
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
  within<Result>(what: string, work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    return within(this.#milliseconds, what, work);
  }

  /** The live record of a key; what the clock says here counts, whatever the backend gives. */
  async find(deadline: Deadline, key: string): Promise<KeptRecord | undefined> {
    const record = this.#decode(await deadline.call(() => this.backend.read(key)));
    const now = this.now();
    return record !== undefined && now < record.idleAt && now < record.expiresAt ? record : undefined;
  }

  /** Makes a session under an id of its own; `undefined` when its owner's sessions were revoked at that moment. */
  async create(deadline: Deadline, made: Omit<KeptRecord, "version">): Promise<Created | undefined> {
    const { backend } = this;
    const { owner } = made;
    const owners = owner === undefined ? undefined : backend.owners;
    const record = encodeRecord(made);
    const id = this.ids.draw();
    const epoch = owners && (await deadline.call(() => owners.epoch(owner!)));
    // Whoever revokes counts first and lists then: this entry is seen, or else the count.
    if (owners) await deadline.call(() => owners.add(owner!, id.key));
    const version = await deadline.call(() => backend.create(id.key, record));
    if (version === undefined) throw new Error("Cannot make a session: its random id is taken. The source of random bytes repeats itself.");
    this.#prune();
    try {
      if (owners && (await deadline.call(() => owners.epoch(owner!))) !== epoch) {
        await this.take(id.key, deadline);
        return undefined;
      }
    } catch (error) {
      this.discard(id.key);
      throw error;
    }
    return { id, record: { ...made, version } };
  }

  change(deadline: Deadline, key: string, known: KeptRecord, change: Change): Promise<Changed | undefined> {
    return this.#commits.commit(key, known, change, deadline);
  }

  /** Ends a session and gives what it was. */
  async take(key: string, deadline?: Deadline): Promise<KeptRecord | undefined> {
    const take = () => this.backend.take(key);
    const record = this.#decode(await (deadline === undefined ? take() : deadline.call(take)));
    const owner = record?.owner;
    // The key never comes back, so nobody needs the entry; whoever lists passes over it until then.
    if (owner !== undefined) this.disown(owner, key);
    return record;
  }

  /** Removes a session that nobody knows the id of, later and if possible. */
  discard(key: string): void {
    this.#later("remove a session that was not finished", async () => void (await this.take(key)));
  }

  disown(owner: string, key: string): void {
    const { owners } = this.backend;
    if (owners) this.#later("remove a session from its owner's", () => owners.remove(owner, key));
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
    if (backend.prune === undefined || now - this.#prunedAt < pruneInterval) return;
    this.#prunedAt = now;
    this.#later("remove expired sessions", async () => void (await backend.prune!(pruneLimit)));
  }

  /** Does what no answer waits for; a failure is logged. */
  #later(what: string, work: () => Promise<void>): void {
    setImmediate(() => void work().catch((error: unknown) => this.warn(what, error)));
  }

  warn(what: string, error: unknown): void {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    this.logger.warn(`Cannot ${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }

  #decode(stored: SessionRecord | undefined): KeptRecord | undefined {
    const record = stored && decodeRecord(stored);
    if (stored !== undefined && record === undefined) this.#warnOfUnreadable();
    return record;
  }

  #warnOfUnreadable(): void {
    this.logger.warn("A session counts as ended: its record is none that this version of @mini/session has written.");
  }
}
