import type { OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { newVersion } from "../new-version.ts";
import { keyIn, keyOf, recordIn, timeOf, versionOf } from "../sql-values.ts";
import { PostgresOwners } from "./owners.ts";
import { PostgresPrune } from "./prune.ts";
import { foundIn, PostgresQueries, server, type PostgresLike, type Statement } from "./queries.ts";
import { postgresTables, type PostgresTables } from "./tables.ts";

/** The lock of a process that creates the tables, because two processes at once would fail. */
const lock = 4_779_265_831;

/** The most rows that `all` reads at once. */
const pageSize = 500;

export interface PostgresBackendOptions {
  /** A `Pool` of pg. It belongs to the caller, who ends it after the backend's `close`. */
  readonly pool: PostgresLike;
  /**
   * Name of the table, optionally with a schema: `"app.sessions"`. The names of two other tables begin with it. Default
   * `"mini_sessions"`.
   */
  readonly table?: string | undefined;
  /** Whether connections keep prepared queries. `false` for a pooler that does not support it. Default `true`. */
  readonly prepare?: boolean | undefined;
  /** Clock, in milliseconds since the Unix epoch; the clock of the database is not used. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in a Postgres database, for all processes that reach it. The pool must connect to the primary server;
 * answers of a standby are refused.
 *
 * By default a pool of pg waits forever for a free connection, and for the answer of a server. Set the three timeouts of the
 * example. Its "error" listener keeps the process alive when an idle connection breaks; the pool then makes a new one.
 *
 * Expired sessions stay in the tables, unreadable, until `prune` is called. Keys are those that sessions have, 43 characters of
 * base64url; others are refused. Owners are kept as hashes.
 *
 * @example
 * ```ts
 * import { PostgresBackend } from "@mini/session/postgres";
 * import { Pool } from "pg";
 *
 * const pool = new Pool({
 *   connectionString: process.env.DATABASE_URL,
 *   connectionTimeoutMillis: 2000, // for a free connection, or a new one
 *   statement_timeout: 2000, // the server cancels a query
 *   query_timeout: 3000, // so does the client, when the server says nothing
 * });
 * pool.on("error", (error) => console.error(`Postgres: ${error.message}`));
 *
 * const backend = new PostgresBackend({ pool });
 * await backend.createTable();
 * ```
 */
export class PostgresBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  /** The SQL of `createTable`, for applications that keep the migrations of their database in files. */
  readonly createTableSql: string;
  readonly #queries: PostgresQueries;
  readonly #tables: PostgresTables;
  readonly #prune: PostgresPrune;
  readonly #now: () => number;
  readonly #read: Statement;
  readonly #create: Statement;
  readonly #swap: Statement;
  readonly #touch: Statement;
  readonly #take: Statement;
  readonly #page: Statement;
  readonly #count: Statement;

  /** @throws TypeError for a value that is not a pool, and for a name that no table can have. */
  constructor({ pool, table = "mini_sessions", prepare = true, now = Date.now }: PostgresBackendOptions) {
    const tables = postgresTables(table);
    const queries = new PostgresQueries(pool, table, prepare);
    this.#queries = queries;
    this.#tables = tables;
    this.#prune = new PostgresPrune(queries, tables);
    this.#now = () => timeOf(now());
    this.owners = new PostgresOwners(queries, tables, now);
    this.createTableSql = tables.sql;
    const { records, owners } = tables;
    this.#read = queries.statement(
      `SELECT standby, version, data, idle_at, expires_at FROM ${server} LEFT JOIN ${records} ON key = $1 AND idle_at > $2 AND expires_at > $2`,
    );
    // An expired record may still have the key.
    this.#create = queries.statement(
      `INSERT INTO ${records} AS kept (key, version, data, idle_at, expires_at, due_at)
      VALUES ($1, $2, $3, $4::bigint, $5::bigint, least($4::bigint, $5::bigint))
      ON CONFLICT (key) DO UPDATE SET (version, data, idle_at, expires_at, due_at)
        = (excluded.version, excluded.data, excluded.idle_at, excluded.expires_at, excluded.due_at)
      WHERE kept.idle_at <= $6 OR kept.expires_at <= $6`,
    );
    this.#swap = queries.statement(
      `UPDATE ${records} SET version = $3, data = $4, idle_at = $5, expires_at = $6, due_at = least(due_at, $5, $6)
      WHERE key = $1 AND version = $2 AND idle_at > $7 AND expires_at > $7`,
    );
    this.#touch = queries.statement(
      `UPDATE ${records} SET idle_at = greatest(idle_at, $2) WHERE key = $1 AND idle_at > $3 AND expires_at > $3`,
    );
    this.#take = queries.statement(
      `WITH taken AS (DELETE FROM ${records} WHERE key = $1 RETURNING version, data, idle_at, expires_at),
        entries AS (DELETE FROM ${owners} WHERE key = $1)
      SELECT version, data, idle_at, expires_at FROM taken`,
    );
    this.#page = queries.statement(
      `SELECT standby, key, version, data, idle_at, expires_at FROM ${server} LEFT JOIN (
        SELECT key, version, data, idle_at, expires_at FROM ${records}
        WHERE key > $1 AND idle_at > $2 AND expires_at > $2 ORDER BY key LIMIT ${pageSize}
      ) AS page ON true ORDER BY key`,
    );
    this.#count = queries.statement(
      `SELECT standby, count FROM ${server} CROSS JOIN (SELECT count(*) FROM ${records} WHERE idle_at > $1 AND expires_at > $1) AS live`,
    );
  }

  /**
   * Creates the tables that are missing. Call it before the first session; several processes may call it at once. When no
   * table is missing, it changes nothing, and does not need the right to create tables.
   */
  async createTable(): Promise<void> {
    const { records, owners, epochs, sql } = this.#tables;
    await this.#queries.during(async () => {
      const text = "SELECT FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL";
      const { rowCount } = await this.#queries.run({ text, values: [[records, owners, epochs]] });
      // Several statements without values are one transaction, which holds the lock until its end.
      if (rowCount !== 3) await this.#queries.run({ text: `SELECT pg_advisory_xact_lock(${lock});\n${sql}` });
    });
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    return this.#find(key, this.#now());
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    const version = newVersion();
    const { rowCount } = await this.#create(keyOf(key), versionOf(version), ...partsOf(record), this.#now());
    return rowCount === 1 ? version : undefined;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const now = this.#now();
    const next = newVersion();
    return this.#queries.during(async () => {
      const { rowCount } = await this.#swap(keyOf(key), versionOf(version), versionOf(next), ...partsOf(record), now);
      if (rowCount === 1) return { ok: true, version: next };
      // A second query, because the first one does not see changes that were made after it began, while it waited for the row.
      return { ok: false, current: await this.#find(key, now) };
    });
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    const { rowCount } = await this.#touch(keyOf(key), timeOf(idleAt), this.#now());
    return rowCount === 1;
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    const now = this.#now();
    const [row] = (await this.#take(keyOf(key))).rows;
    const record = row === undefined ? undefined : recordIn(row);
    return record !== undefined && now < record.idleAt && now < record.expiresAt ? record : undefined;
  }

  prune(limit: number): Promise<number> {
    return this.#queries.during(() => this.#prune.run(limit, this.#now()));
  }

  /** Reads 500 records at once. */
  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    for (let after: Uint8Array = new Uint8Array(1); ;) {
      const rows = foundIn((await this.#page(after, this.#now())).rows, "key");
      for (const row of rows) yield [keyIn(row), recordIn(row)];
      if (rows.length < pageSize) return;
      after = keyOf(keyIn(rows.at(-1)));
    }
  }

  async count(): Promise<number> {
    const [row] = foundIn((await this.#count(this.#now())).rows, "count");
    return Number((row as { readonly count: unknown } | undefined)?.count);
  }

  /** Waits for queries under way. */
  async close(): Promise<void> {
    await this.#queries.settle();
  }

  async #find(key: string, now: number): Promise<SessionRecord | undefined> {
    const [row] = foundIn((await this.#read(keyOf(key), now)).rows, "version");
    return row === undefined ? undefined : recordIn(row);
  }
}

/** The values of a record, with a copy of its bytes, because the query may have to wait for a connection. */
function partsOf({ data, idleAt, expiresAt }: NewRecord): readonly unknown[] {
  return [Buffer.from(data), timeOf(idleAt), timeOf(expiresAt)];
}
