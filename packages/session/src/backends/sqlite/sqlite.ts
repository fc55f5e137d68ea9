import type { CallSignal, OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { newVersion } from "../new-version.ts";
import { keyIn, keyOf, recordIn, timeOf, versionOf } from "../sql-values.ts";
import { SqliteConnection, type SqliteLike, type SqliteStatementLike } from "./connection.ts";
import { SqliteOwners } from "./owners.ts";
import { SqlitePrune } from "./prune.ts";
import { sqliteTables } from "./tables.ts";

/** The most rows that `all` reads at once. */
const pageSize = 100;

export interface SqliteBackendOptions {
  /**
   * An open database of `node:sqlite`, better-sqlite3 or `bun:sqlite`, with SQLite 3.51.3 or later (or 3.50.7, 3.44.6 or a later
   * patch of these): a connection that nothing else uses. It belongs to the caller, who closes it after the backend's `close`.
   */
  readonly database: SqliteLike;
  /** Name of the table; the names of two other tables begin with it. Default `"mini_sessions"`. */
  readonly table?: string | undefined;
  /**
   * Whole milliseconds that an operation waits while other connections write. Default 600, which is below the `deadline` of
   * sessions, so that the log says why a request got 503.
   */
  readonly busyTimeout?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in a SQLite file, for all processes of one machine. A confirmed change is on the disk: it survives the
 * end of any process, and a power failure as far as the disk keeps what it has acknowledged. The file must be on a local
 * disk, not on a network share.
 *
 * The driver is synchronous: while a change is written to the disk, the event loop of its process waits. The changes that
 * come in one turn of the event loop are written together.
 *
 * The constructor makes the tables that are missing and sets the connection's `journal_mode` (WAL), `synchronous` (FULL)
 * and `busy_timeout` (0; the backend waits without blocking). Expired sessions stay in the file, unreadable, until `prune`
 * is called. Keys are those that sessions have, 43 characters of base64url; others are refused. Owners are kept as hashes.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SqliteBackend } from "@mini/session/sqlite";
 *
 * const backend = new SqliteBackend({ database: new DatabaseSync("data/sessions.db") });
 * ```
 */
export class SqliteBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  readonly #connection: SqliteConnection;
  readonly #prune: SqlitePrune;
  readonly #now: () => number;
  readonly #read: SqliteStatementLike;
  readonly #create: SqliteStatementLike;
  readonly #swap: SqliteStatementLike;
  readonly #touch: SqliteStatementLike;
  readonly #remove: SqliteStatementLike;
  readonly #removeOwners: SqliteStatementLike;
  readonly #page: SqliteStatementLike;
  readonly #count: SqliteStatementLike;

  /**
   * @throws TypeError for a database that is not in a file, and for a name that a table cannot have.
   * @throws ConfigError for a version of SQLite that can lose commits.
   * @throws Error of the driver when the database is not open, or the file cannot be read and written.
   */
  constructor({ database, table = "mini_sessions", busyTimeout = 600, now = Date.now }: SqliteBackendOptions) {
    if (!Number.isInteger(busyTimeout) || busyTimeout < 0) {
      throw new TypeError(`The busyTimeout of a SqliteBackend must be a whole number of milliseconds, not ${String(busyTimeout)}.`);
    }
    const tables = sqliteTables(table);
    const connection = new SqliteConnection(database, tables.schema, busyTimeout);
    this.#connection = connection;
    this.#now = () => timeOf(now());
    this.owners = new SqliteOwners(connection, tables, now);
    this.#prune = new SqlitePrune(connection, tables);
    const { records, owners } = tables;
    const columns = "version, data, idle_at, expires_at";
    const live = "key = ? AND idle_at > ? AND expires_at > ?";
    this.#read = connection.prepare(`SELECT ${columns} FROM ${records} WHERE ${live}`);
    // Some drivers bind an empty Uint8Array as NULL.
    this.#create = connection.prepare(`INSERT INTO ${records} (${columns}, due_at, key) VALUES (?, coalesce(?, x''), ?, ?, ?, ?)`);
    this.#swap = connection.prepare(
      `UPDATE ${records} SET version = ?, data = coalesce(?, x''), idle_at = ?, expires_at = ?, due_at = min(due_at, ?) WHERE ${live} AND version = ?`,
    );
    this.#touch = connection.prepare(`UPDATE ${records} SET idle_at = max(idle_at, ?) WHERE ${live}`);
    this.#remove = connection.prepare(`DELETE FROM ${records} WHERE key = ?`);
    this.#removeOwners = connection.prepare(`DELETE FROM ${owners} WHERE key = ?`);
    const lasting = "idle_at > ? AND expires_at > ?";
    this.#page = connection.prepare(`SELECT key, ${columns} FROM ${records} WHERE key > ? AND ${lasting} ORDER BY key LIMIT ${pageSize}`);
    this.#count = connection.prepare(`SELECT count(*) AS count FROM ${records} WHERE ${lasting}`);
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    const keyBytes = keyOf(key);
    return this.#connection.read(() => this.#find(keyBytes));
  }

  async create(key: string, record: NewRecord, signal?: CallSignal): Promise<string | undefined> {
    const keyBytes = keyOf(key);
    const version = newVersion();
    const parts = partsOf(record);
    return this.#connection.write(() => {
      if (this.#find(keyBytes) !== undefined) return undefined;
      // An expired record may still have the key.
      this.#remove.run(keyBytes);
      this.#create.run(versionOf(version), ...parts, keyBytes);
      return version;
    }, signal);
  }

  async swap(key: string, version: string, record: NewRecord, signal?: CallSignal): Promise<SwapResult> {
    const keyBytes = keyOf(key);
    const [previous, next] = [versionOf(version), newVersion()];
    const parts = partsOf(record);
    return this.#connection.write((): SwapResult => {
      const now = this.#now();
      const { changes } = this.#swap.run(versionOf(next), ...parts, keyBytes, now, now, previous);
      return Number(changes) === 1 ? { ok: true, version: next } : { ok: false, current: this.#find(keyBytes) };
    }, signal);
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    const keyBytes = keyOf(key);
    return this.#connection.write(() => {
      const now = this.#now();
      return Number(this.#touch.run(timeOf(idleAt), keyBytes, now, now).changes) === 1;
    });
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    const keyBytes = keyOf(key);
    return this.#connection.write(() => {
      const current = this.#find(keyBytes);
      this.#remove.run(keyBytes);
      this.#removeOwners.run(keyBytes);
      return current;
    });
  }

  prune(limit: number): Promise<number> {
    return this.#prune.run(limit, this.#now);
  }

  /** Reads a hundred records at once. */
  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    // A value before every key. Some drivers bind an empty Uint8Array as NULL.
    for (let after: Uint8Array = new Uint8Array(1); ;) {
      const now = this.#now();
      const rows = await this.#connection.read(() => this.#page.all(after, now, now));
      for (const row of rows) yield [keyIn(row), recordIn(row)];
      if (rows.length < pageSize) return;
      after = keyOf(keyIn(rows.at(-1)));
    }
  }

  async count(): Promise<number> {
    const now = this.#now();
    const row = await this.#connection.read(() => this.#count.get(now, now));
    return Number((row as { readonly count: number | bigint }).count);
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await this.#connection.settle();
  }

  #find(key: Uint8Array): SessionRecord | undefined {
    const now = this.#now();
    const row = this.#read.get(key, now, now);
    // Drivers return `undefined` or `null` if there is no row.
    return row ? recordIn(row) : undefined;
  }
}

/**
 * The data, the two times, and the time at which `prune` first looks at the record. The bytes are a copy, because the write may
 * have to wait.
 */
function partsOf({ data, idleAt, expiresAt }: NewRecord) {
  const times = [timeOf(idleAt), timeOf(expiresAt)] as const;
  return [Buffer.from(data), ...times, Math.min(...times)] as const;
}
