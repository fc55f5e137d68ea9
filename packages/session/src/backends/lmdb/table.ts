import { ConfigError } from "@mini/core/base";
import type { CallSignal } from "../../keeping/backend.ts";
import { WriteQueue } from "../write-queue.ts";

/** The part of a named database of lmdb that is used: `root.openDB(...)`. */
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

/** The part of lmdb's `open({ path, overlappingSync: false })` that is used. */
export interface LmdbLike {
  openDB(options: LmdbDatabaseOptions): LmdbDatabaseLike;
  transactionSync(action: () => void): unknown;
  readonly env?: { readonly writeTxn?: unknown };
  readerCheck(): unknown;
  /** A line of text for each reader of the file, which begins with its process id. */
  readerList(): string;
}

/** Milliseconds that a write waits if the program has a transaction open because its callback returned a promise. */
const openTransactionTimeout = 600;

/** A write that joins a transaction of the program would be undone with that transaction, although it was confirmed. */
class OpenTransactionError extends Error {
  constructor() {
    super("Cannot write to LMDB: the program has a transaction open. The callback of root.transactionSync must not be async.");
  }

  override get name(): string {
    return "OpenTransactionError";
  }
}

/** One named database in a file that belongs to this process. */
export class LmdbTable {
  readonly #database: LmdbDatabaseLike;
  readonly #queue: WriteQueue;

  /**
   * Opens the database.
   *
   * @throws TypeError for a root that is not lmdb's, or was opened in a way that can lose commits.
   * @throws ConfigError when another process has the file open.
   * @throws Error of lmdb when the root has no room for one more database.
   */
  constructor(root: LmdbLike, name: string) {
    checkRoot(root);
    this.#database = root.openDB({ name, encoding: "binary", keyEncoding: "binary", cache: false, useVersions: false, dupSort: false });
    // Adds this process to the file's table of readers, where other processes look for it.
    this.read((database) => database.get(new Uint8Array(1)));
    refuseToShare(root);
    this.#queue = new WriteQueue({
      transaction: (action) => transact(root, action),
      isBusy: (error) => error instanceof OpenTransactionError,
      timeout: openTransactionTimeout,
      timedOut: (cause) => cause as Error,
    });
  }

  /** Reads everything that is committed by now. lmdb itself reuses the snapshot of an earlier read for a while. */
  read<Result>(action: (database: LmdbDatabaseLike) => Result): Result {
    this.#database.resetReadTxn();
    return action(this.#database);
  }

  /** Runs the action and keeps everything that it writes, or nothing. Resolves when the changes are on the disk. */
  write<Result>(action: (database: LmdbDatabaseLike) => Result, signal?: CallSignal): Promise<Result> {
    return this.#queue.write(() => action(this.#database), signal);
  }

  /** Waits for the writes under way. */
  settle(): Promise<void> {
    return this.#queue.settle();
  }
}

function checkRoot(root: unknown): void {
  if (typeof root !== "object" || root === null || !("transactionSync" in root) || !("openDB" in root)) {
    throw new TypeError(
      "LmdbBackend needs the root that lmdb's open() returns: new LmdbBackend({ root: open({ path, overlappingSync: false }) }).",
    );
  }
  // With this option, a process that opens the file can undo confirmed commits of another process.
  if ("overlappingSync" in root && root.overlappingSync !== false) {
    throw new TypeError(
      "LmdbBackend needs a root without lmdb's overlappingSync, which can lose confirmed changes when the file is opened again: open({ path, overlappingSync: false }).",
    );
  }
}

/** Refuses a file that another process has open. */
function refuseToShare(root: LmdbLike): void {
  // Removes the entries of processes that have ended.
  root.readerCheck();
  const others = [...root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid)).filter((pid) => pid !== process.pid);
  if (others.length === 0) return;
  throw new ConfigError(
    `LmdbBackend cannot use this file: process ${others[0]} has it open, and two processes at one LMDB file can lose confirmed changes. End the other process first, or use SqliteBackend, which several processes can share.`,
  );
}

/** One transaction on the thread of JavaScript. A transaction on lmdb's own thread can keep the process from ending. */
function transact(root: LmdbLike, action: () => void): void {
  if (root.env?.writeTxn) throw new OpenTransactionError();
  let isDone = false;
  try {
    root.transactionSync(() => {
      action();
      isDone = true;
    });
  } catch (error) {
    if (!isDone) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot write to LMDB: ${reason}. Nothing was changed; check whether the disk is full.`, { cause: error });
  }
}
