/** What is called of a named database of lmdb: `root.openDB(...)`. */
export interface LmdbDatabaseLike {
  get(key: Uint8Array): Uint8Array | undefined;
  put(key: Uint8Array, value: Uint8Array): unknown;
  remove(key: Uint8Array): unknown;
  getKeys(range: { readonly start: Uint8Array; readonly end: Uint8Array; readonly limit?: number }): Iterable<Uint8Array>;
  resetReadTxn(): void;
}

/** How the named database is opened, whatever the root's own settings are. */
export interface LmdbDatabaseOptions {
  readonly name: string;
  readonly encoding: "binary";
  readonly keyEncoding: "binary";
  readonly cache: false;
  readonly useVersions: false;
  readonly dupSort: false;
}

/** What is called of lmdb's `open({ path })`. */
export interface LmdbLike {
  openDB(options: LmdbDatabaseOptions): LmdbDatabaseLike;
  childTransaction<Result>(action: () => Result): Promise<Result>;
  on(event: "beforecommit", listener: () => void): unknown;
  readonly committed: PromiseLike<unknown>;
  readonly flushed: PromiseLike<unknown>;
}

/** One named database, with the two ways to use it that hold across processes. */
export class LmdbTable {
  readonly #root: LmdbLike;
  readonly #database: LmdbDatabaseLike;
  readonly #writes = new Set<Promise<unknown>>();

  /** Opens the database: at start, because it waits for the file's lock, and fails when the root has no room for one more. */
  constructor(root: LmdbLike, name: string) {
    const given: unknown = root;
    if (typeof given !== "object" || given === null || !("childTransaction" in given) || !("openDB" in given)) {
      throw new TypeError(
        "LmdbBackend needs as root what lmdb's open({ path }) gives, as it is: new LmdbBackend({ root: open({ path }) }).",
      );
    }
    this.#root = root;
    this.#database = root.openDB({ name, encoding: "binary", keyEncoding: "binary", cache: false, useVersions: false, dupSort: false });
    holdBatches(root);
  }

  /** Reads what is committed by now, by any process: lmdb itself goes on for a while with the snapshot of an earlier read. */
  read<Result>(action: (database: LmdbDatabaseLike) => Result): Result {
    this.#database.resetReadTxn();
    return action(this.#database);
  }

  /**
   * Runs the action while nobody else writes, in any process, and keeps all that it writes or nothing. What it reads
   * is the newest. Resolves when that is on the disk.
   */
  write<Result>(action: (database: LmdbDatabaseLike) => Result): Promise<Result> {
    const write = this.#commit(action).finally(() => this.#writes.delete(write));
    this.#writes.add(write);
    return write;
  }

  /** Waits for the writes under way. */
  async settle(): Promise<void> {
    while (this.#writes.size > 0) await Promise.allSettled(this.#writes);
  }

  async #commit<Result>(action: (database: LmdbDatabaseLike) => Result): Promise<Result> {
    try {
      // Not `transaction`, which keeps what an action wrote before it failed.
      const committed = this.#root.childTransaction(() => action(this.#database));
      // Asked for now, because later it is about a later write, and one that fails is never flushed.
      const flushed = new Promise((resolve, reject) => void this.#root.flushed.then(resolve, reject));
      flushed.catch(ignore);
      const result = await committed;
      await flushed;
      return result;
    } catch (error) {
      throw await withReason(error);
    }
  }
}

function ignore(): void {}

const held = new WeakSet<LmdbLike>();

/**
 * lmdb opens each batch of writes with a promise of its own that nobody gets to see. When the commit fails it is
 * rejected beside those of the writes, and would end the process as an unhandled rejection.
 */
function holdBatches(root: LmdbLike): void {
  if (held.has(root)) return;
  held.add(root);
  // The promise is made right after the event, and is `committed` until somebody writes again.
  root.on("beforecommit", () => queueMicrotask(() => void root.committed.then(ignore, ignore)));
}

/** lmdb says of a commit only that it failed, and gives the reason as a promise beside it. */
async function withReason(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && "commitError" in error)) return error;
  const cause: unknown = await Promise.resolve(error.commitError).catch((reason: unknown) => reason);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot write to LMDB: ${reason}. Nothing was changed; see whether the disk is full.`, { cause });
}
