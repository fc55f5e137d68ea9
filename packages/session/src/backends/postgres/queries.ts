import { createHash } from "node:crypto";

/** A query for pg. With a name, each connection parses and plans it once. */
export interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

export interface PostgresResult {
  readonly rows: readonly unknown[];
  /** The number of rows that were found or changed. */
  readonly rowCount: number | null;
}

/** The part of a `Pool` of pg that is used. */
export interface PostgresLike {
  query(query: PostgresQuery): Promise<PostgresResult>;
  /** Only a pool has it. A single client is refused, because it does not connect again after its connection breaks. */
  readonly totalCount: number;
  /** Without it, the connections to a server that has become a standby are kept. */
  connect?(): Promise<{ release(destroy: boolean): void }>;
}

/** A query with placeholders for values: `$1`, `$2`. */
export type Statement = (...values: readonly unknown[]) => Promise<PostgresResult>;

/** Remedies for errors of Postgres that the user of the backend can fix, by SQLSTATE. */
const remedies: ReadonlyMap<unknown, (table: string) => string> = new Map([
  [
    "42P01", // undefined_table
    (table: string) =>
      `The table ${table} of a PostgresBackend does not exist: call await backend.createTable() once, or run backend.createTableSql.`,
  ],
  [
    "42703", // undefined_column
    (table: string) =>
      `The table ${table} of a PostgresBackend, or one of those beside it, has other columns than createTable() makes: give the backend its own table with the option "table".`,
  ],
  ["26000", prepareNothing], // invalid_sql_statement_name
  ["42P05", prepareNothing], // duplicate_prepared_statement
]);

/** Errors for a conflict with other transactions, after which nothing was changed: serialization_failure, deadlock_detected. */
const conflicts: ReadonlySet<unknown> = new Set(["40001", "40P01"]);

/** The most tries of a query that is in conflict. Conflicts happen only with a stricter isolation level than read committed. */
const mostTries = 10;

/** A write on a server that is a standby: read_only_sql_transaction. */
const onStandby = "25006";

/** The least milliseconds between two times that the connections of a pool are closed. */
const pauseBetween = 500;

function prepareNothing(): string {
  return "A connection has lost a prepared query of a PostgresBackend, or has it twice, as behind a pooler: give the backend prepare: false.";
}

/** The queries of one backend. Each is a separate transaction, and sees all changes that were confirmed before it. */
export class PostgresQueries {
  readonly #pool: PostgresLike;
  readonly #table: string;
  readonly #prepare: boolean;
  readonly #underWay = new Set<Promise<unknown>>();
  /** When the connections were last closed; milliseconds of `performance.now()`. */
  #closedAt = -Infinity;

  constructor(pool: PostgresLike, table: string, prepare: boolean) {
    const given: unknown = pool;
    if (typeof given !== "object" || given === null || !("query" in given) || !("totalCount" in given)) {
      throw new TypeError("PostgresBackend needs a Pool of pg: new PostgresBackend({ pool: new Pool({ connectionString }) }).");
    }
    this.#pool = pool;
    this.#table = table;
    this.#prepare = prepare;
  }

  /** A query that is used often. */
  statement(text: string): Statement {
    // A connection knows a query by its name alone, so a query of another table needs another name.
    const name = `mini_${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;
    return (...values) => this.run({ ...(this.#prepare ? { name } : {}), text, values: [...values] });
  }

  run(query: PostgresQuery): Promise<PostgresResult> {
    return this.during(() => this.#ask(query));
  }

  /** Runs several queries, which `settle` waits for as a whole. */
  during<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = work().finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    return done;
  }

  /** Waits for queries under way. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #ask(query: PostgresQuery): Promise<PostgresResult> {
    for (let tries = 1; ; tries++) {
      try {
        const result = await this.#pool.query(query);
        if (isStandby(result)) this.#closeConnections();
        return result;
      } catch (error) {
        const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
        if (code === onStandby) this.#closeConnections();
        if (conflicts.has(code) && tries < mostTries) continue;
        const remedy = remedies.get(code);
        if (remedy === undefined) throw error;
        throw new Error(remedy(this.#table), { cause: error });
      }
    }
  }

  /**
   * Closes all connections of the pool, because one of them leads to a standby server. The pool would keep a connection that
   * works. Now it makes new ones, to the server that the name then leads to.
   */
  #closeConnections(): void {
    const now = performance.now();
    if (now - this.#closedAt < pauseBetween) return;
    this.#closedAt = now;
    for (let left = this.#pool.totalCount; left > 0; left--) {
      // A connection in use is closed when its query is done. A pool that cannot connect now has nothing to close.
      void this.#pool.connect?.().then(
        (connection) => connection.release(true),
        () => undefined,
      );
    }
  }
}

/** Queries that only read join their table to this, so that {@link foundIn} notices an answer of a standby server. */
export const server = "(SELECT pg_is_in_recovery() AS standby) AS server";

/**
 * The rows that were found. When there are none, the result has one row, of the server, with null in its `column`.
 *
 * @throws Error for rows of a standby server, because sessions in them may have ended already.
 */
export function foundIn(rows: readonly unknown[], column: string): readonly unknown[] {
  const [first] = rows as readonly Readonly<Record<string, unknown>>[];
  if (first?.["standby"] !== false) {
    throw new Error("A PostgresBackend reads from a standby server, which may be behind: connect its pool to the primary server.");
  }
  return first[column] === null ? [] : rows;
}

/** Whether a result is the answer of a standby server. For several statements at once, pg returns an array of results. */
function isStandby({ rows }: Partial<PostgresResult>): boolean {
  return (rows?.[0] as { readonly standby?: unknown } | undefined)?.standby === true;
}
