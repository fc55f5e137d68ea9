import { ConfigError } from "@mini/core/base";
import type { CallSignal } from "../../keeping/backend.ts";
import { WriteQueue } from "../write-queue.ts";

/** A value that is bound to a parameter. */
export type SqliteValue = string | number | Uint8Array;

/** A prepared statement of `node:sqlite`, better-sqlite3 or `bun:sqlite`. */
export interface SqliteStatementLike {
  /** The first row. */
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
}

/**
 * The part of an open database that is used: of a `DatabaseSync` of `node:sqlite`, or a `Database` of better-sqlite3 or
 * `bun:sqlite`.
 */
export interface SqliteLike {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatementLike;
}

/** Milliseconds that the constructor waits for other processes that open the file at the same time. */
const openTimeout = 10_000;
/** Milliseconds between two tries of the constructor. */
const openPause = 5;

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const codes = { busy: 5, full: 13, protocol: 15 } as const;
const messages = { "database is locked": codes.busy, "database or disk is full": codes.full, "locking protocol": codes.protocol };

/** One connection to a database file. Its reads and writes are safe when several processes use the file. */
export class SqliteConnection {
  readonly #database: SqliteLike;
  readonly #timeout: number;
  readonly #queue: WriteQueue;

  /** Sets up the connection, and the file on its first use; waits, and blocks, while other processes do the same. */
  constructor(database: SqliteLike, schema: string, timeout: number) {
    checkDatabase(database);
    this.#database = database;
    this.#timeout = timeout;
    this.#queue = new WriteQueue({
      transaction: (action) => this.#transaction(action),
      isBusy,
      timeout,
      timedOut: (cause) => this.#timedOut(cause),
    });
    waitWhileBusy(() => {
      checkVersion(this.#database.prepare("SELECT sqlite_version() AS version").get());
      // SQLite's own waiting blocks the event loop, so it is only used at the start. Later, the queue waits.
      this.#value("PRAGMA busy_timeout = 1000");
      const mode = String(this.#value("PRAGMA journal_mode = WAL"));
      if (mode !== "wal") {
        throw new TypeError(
          `SqliteBackend needs a database in a file on a local disk, because it uses SQLite's write-ahead log; this database has the journal mode "${mode}".`,
        );
      }
      // A commit returns when it is on the disk.
      database.exec("PRAGMA synchronous = FULL");
      this.#transaction(() => database.exec(schema));
      this.#value("PRAGMA busy_timeout = 0");
    });
  }

  prepare(sql: string): SqliteStatementLike {
    return this.#database.prepare(sql);
  }

  /** Reads what is committed by now, by any process. */
  async read<Result>(action: () => Result): Promise<Result> {
    const until = performance.now() + this.#timeout;
    for (;;) {
      try {
        return action();
      } catch (error) {
        // Only while another process repairs the log after a crash: readers and writers do not wait for each other.
        if (!isBusy(error)) throw error;
        if (performance.now() >= until) throw this.#timedOut(error);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  /**
   * Runs the action while no other connection writes, and keeps everything that it writes, or nothing. Resolves when the changes
   * are on the disk.
   */
  write<Result>(action: () => Result, signal?: CallSignal): Promise<Result> {
    return this.#queue.write(action, signal);
  }

  /** Waits for the writes under way. */
  settle(): Promise<void> {
    return this.#queue.settle();
  }

  #transaction(action: () => void): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      action();
      database.exec("COMMIT");
    } catch (error) {
      try {
        database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself, as it does after some errors.
      }
      throw withRemedy(error);
    }
  }

  #timedOut(cause: unknown): Error {
    return new Error(
      `Cannot use the SQLite database: other connections kept it locked for ${this.#timeout} ms. Nothing was changed. Keep their transactions short.`,
      { cause },
    );
  }

  #value(sql: string): unknown {
    const row = this.#database.prepare(sql).get();
    return typeof row === "object" && row !== null ? Object.values(row)[0] : undefined;
  }
}

function checkDatabase(database: unknown): void {
  if (typeof database === "object" && database !== null && "prepare" in database && "exec" in database) return;
  throw new TypeError(
    'SqliteBackend needs an open database of a supported driver: new SqliteBackend({ database: new DatabaseSync("data/sessions.db") }).',
  );
}

/**
 * Refuses the versions that lose commits when one connection writes while two others copy the log into the database.
 *
 * @see https://www.sqlite.org/wal.html#walresetbug
 */
function checkVersion(row: unknown): void {
  const { version } = (row ?? {}) as { readonly version?: unknown };
  if (typeof version !== "string") {
    throw new TypeError("SqliteBackend needs a database that returns rows as objects, as drivers do by default: without returnArrays.");
  }
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const number = major * 1_000_000 + minor * 1000 + patch;
  const isFixed = number >= 3_051_003 || (minor === 50 && patch >= 7) || (minor === 44 && patch >= 6);
  if (isFixed) return;
  throw new ConfigError(
    `SqliteBackend cannot use SQLite ${version}: it can lose confirmed changes when several processes write. Update Node.js or the driver to one with SQLite 3.51.3 or later.`,
  );
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.busy || code === codes.protocol;
}

/**
 * The primary result code of an error of a driver. `node:sqlite` and `bun:sqlite` return the number, better-sqlite3 the
 * name, and Deno only the message. The error may be of another realm.
 */
function codeOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { errcode, errno, code, message } = error as Readonly<Record<string, unknown>>;
  const number = typeof errcode === "number" ? errcode : errno;
  // The bits above are the extended code, such as SQLITE_BUSY_RECOVERY.
  if (typeof number === "number") return number & 0xff;
  const name = /^SQLITE_(BUSY|FULL|PROTOCOL)(?:_|$)/.exec(String(code))?.[1];
  if (name !== undefined) return codes[name.toLowerCase() as keyof typeof codes];
  return Object.entries(messages).find(([text]) => String(message).startsWith(text))?.[1];
}

function withRemedy(error: unknown): unknown {
  if (codeOf(error) !== codes.full) return error;
  return new Error("Cannot write to SQLite: the disk is full. Nothing was changed.", { cause: error });
}

/** Tries again while other processes have locked the file; blocks between the tries. */
function waitWhileBusy(work: () => void): void {
  const until = performance.now() + openTimeout;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= until) {
        throw new ConfigError(
          `Cannot open the SQLite database of the sessions: another program kept it locked for ${openTimeout} ms. Use a separate file for the sessions.`,
          { cause: error },
        );
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, openPause);
    }
  }
}
