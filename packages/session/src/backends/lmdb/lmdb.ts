import type { CallSignal, OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { newVersion, withVersion } from "../new-version.ts";
import { orphanAge } from "../orphan-age.ts";
import {
  double,
  dueKeys,
  epochKey,
  expiryKey,
  keyIn,
  nothing,
  ownedKey,
  ownedKeys,
  ownerKey,
  readDouble,
  recordKey,
  recordKeys,
} from "./keys.ts";
import { encode, endOf, getRecord, putRecord, removeRecord } from "./record.ts";
import { LmdbTable, type LmdbDatabaseLike, type LmdbLike } from "./table.ts";

/** The most records that one transaction of `prune` looks at, because other writers wait for it, and that `all` reads at once. */
const sliceSize = 100;

export interface LmdbBackendOptions {
  /** What lmdb's `open({ path, overlappingSync: false })` gives. It belongs to the caller, who closes it after the backend. */
  readonly root: LmdbLike;
  /** Name of the database within the file. Default `"sessions"`. */
  readonly name?: string | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in an LMDB file, for one process. A confirmed change is on the disk: it survives the end of the process,
 * and a power failure as far as the disk keeps what it has acknowledged.
 *
 * A second process is refused when it starts, because LMDB can lose confirmed changes when several processes open a file.
 * Use `SqliteBackend` for several processes, and when a new process starts before the old one has ended.
 *
 * While a change is written to the disk, the event loop waits. The changes that come in one turn of the event loop are
 * written together.
 *
 * Expired sessions stay in the file, unreadable, until `prune` is called. On a full disk lmdb 3.5 can end the process; what was
 * answered stays in the file.
 *
 * @example
 * ```ts
 * import { open } from "lmdb";
 * import { LmdbBackend } from "@mini/session/lmdb";
 *
 * const root = open({ path: "data/sessions", overlappingSync: false });
 * const backend = new LmdbBackend({ root });
 * ```
 */
export class LmdbBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  readonly #table: LmdbTable;
  readonly #now: () => number;

  /**
   * @throws TypeError for a root with `overlappingSync`.
   * @throws ConfigError when another process has the file open.
   * @throws Error of lmdb when the database cannot be opened.
   */
  constructor({ root, name = "sessions", now = Date.now }: LmdbBackendOptions) {
    this.#table = new LmdbTable(root, name);
    this.#now = now;
    this.owners = new LmdbOwners(this.#table, now);
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    return this.#table.read((database) => this.#find(database, key));
  }

  async create(key: string, record: NewRecord, signal?: CallSignal): Promise<string | undefined> {
    const next = withVersion(record, newVersion());
    const encoded = encode(next);
    return this.#table.write((database) => {
      const previous = getRecord(database, key);
      if (this.#isLive(previous)) return undefined;
      putRecord(database, key, next, { encoded, previous });
      return next.version;
    }, signal);
  }

  async swap(key: string, version: string, record: NewRecord, signal?: CallSignal): Promise<SwapResult> {
    const next = withVersion(record, newVersion());
    const encoded = encode(next);
    return this.#table.write((database) => {
      const current = this.#find(database, key);
      if (current?.version !== version) return { ok: false, current };
      putRecord(database, key, next, { encoded, previous: current });
      return { ok: true, version: next.version };
    }, signal);
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    return this.#table.write((database) => {
      const current = this.#find(database, key);
      if (current === undefined) return false;
      const next = { ...current, idleAt };
      if (idleAt > current.idleAt) putRecord(database, key, next, { encoded: encode(next), previous: current });
      return true;
    });
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    return this.#table.write((database) => {
      const current = this.#find(database, key);
      removeRecord(database, key);
      return current;
    });
  }

  async prune(limit: number): Promise<number> {
    let removed = 0;
    while (removed < limit) {
      const most = Math.min(sliceSize, limit - removed);
      // Read first, because usually there is nothing to remove, and no write is needed.
      if (this.#table.read((database) => dueKeys(database, this.#now(), 1)).length === 0) break;
      removed += await this.#table.write((database) => this.#pruneSlice(database, most));
    }
    return removed;
  }

  /** Reads a hundred records at once. */
  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    for (let after: string | undefined = ""; after !== undefined;) {
      const keys = this.#keysAfter(after);
      for (const key of keys) {
        const record = this.#table.read((database) => this.#find(database, key));
        if (record !== undefined) yield [key, record];
      }
      after = keys.length < sliceSize ? undefined : keys.at(-1);
    }
  }

  /** Reads every record, a hundred at once. */
  async count(): Promise<number> {
    let count = 0;
    for await (const _ of this.all()) count++;
    return count;
  }

  /** Keys of records, expired or not, in their order. */
  #keysAfter(key: string): readonly string[] {
    return this.#table.read((database) => Array.from(database.getKeys({ ...recordKeys(key), limit: sliceSize }), keyIn));
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await this.#table.settle();
  }

  #find(database: LmdbDatabaseLike, key: string): SessionRecord | undefined {
    const record = getRecord(database, key);
    return this.#isLive(record) ? record : undefined;
  }

  #isLive(record: SessionRecord | undefined): boolean {
    return record !== undefined && this.#now() < endOf(record);
  }

  /** Does the work of one transaction; returns the number of removed records. */
  #pruneSlice(database: LmdbDatabaseLike, limit: number): number {
    let removed = 0;
    for (const due of dueKeys(database, this.#now(), limit)) {
      database.remove(due);
      const key = keyIn(due);
      if (this.#find(database, key) !== undefined) continue;
      if (database.get(recordKey(key)) !== undefined) removed++;
      removeRecord(database, key);
    }
    return removed;
  }
}

/** The owners of the records, in entries by owner, and in entries by record, which are removed with the record. */
class LmdbOwners implements OwnerIndex {
  readonly #table: LmdbTable;
  readonly #now: () => number;

  constructor(table: LmdbTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  async epoch(owner: string): Promise<number> {
    return this.#table.read((database) => readDouble(database.get(epochKey(owner))));
  }

  async bump(owner: string): Promise<number> {
    return this.#table.write((database) => {
      const epoch = readDouble(database.get(epochKey(owner))) + 1;
      database.put(epochKey(owner), double(epoch));
      return epoch;
    });
  }

  async add(owner: string, key: string): Promise<void> {
    await this.#table.write((database) => {
      database.put(ownedKey(owner, key), nothing);
      database.put(ownerKey(owner, key), nothing);
      // The record is usually created next. If it is not, prune finds the entries by this one.
      if (getRecord(database, key) === undefined) database.put(expiryKey(this.#now() + orphanAge, key), nothing);
    });
  }

  async remove(owner: string, key: string): Promise<void> {
    await this.#table.write((database) => {
      database.remove(ownedKey(owner, key));
      database.remove(ownerKey(owner, key));
    });
  }

  async keys(owner: string): Promise<readonly string[]> {
    const found = this.#table.read((database) => [...database.getKeys(ownedKeys(owner))]);
    return found.map(keyIn);
  }
}
