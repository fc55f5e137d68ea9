import { createHash } from "node:crypto";

/** A query as pg takes it: with a name, each connection has it parsed and planned once. */
export interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

export interface PostgresResult {
  readonly rows: readonly unknown[];
  /** How many rows were found or changed. */
  readonly rowCount: number | null;
}

/** What is called of a `Pool` of pg. */
export interface PostgresLike {
  query(query: PostgresQuery): Promise<PostgresResult>;
  /** Tells a pool from a single connection, which would be gone for good when it breaks. */
  readonly totalCount: number;
}

/** One query with places for values: `$1`, `$2`. */
export type Statement = (...values: readonly unknown[]) => Promise<PostgresResult>;

/** What to do about errors of Postgres that are one of its user, by their SQLSTATE. */
const remedies: ReadonlyMap<unknown, (table: string) => string> = new Map([
  [
    "42P01", // undefined_table
    (table: string) =>
      `The table ${table} of a PostgresBackend is not there: call await backend.createTable() once, or run backend.createTableSql.`,
  ],
  [
    "42703", // undefined_column
    (table: string) =>
      `The table ${table} of a PostgresBackend, or one of those beside it, is another than createTable() makes: give the backend a table of its own by the option "table".`,
  ],
  ["26000", prepareNothing], // invalid_sql_statement_name
  ["42P05", prepareNothing], // duplicate_prepared_statement
]);

/** What Postgres could not put in order with other transactions, so that it did nothing: serialization_failure, deadlock_detected. */
const unordered: ReadonlySet<unknown> = new Set(["40001", "40P01"]);

/** How often a query is asked at most that could not be put in order: only under a stricter isolation than read committed. */
const mostTries = 10;

function prepareNothing(): string {
  return "A connection has not what a PostgresBackend prepared on it, or has it twice, as behind a pooler: give it prepare: false.";
}

/** The queries of one backend: each is a transaction of its own, and sees all that was answered before it. */
export class PostgresQueries {
  readonly #pool: PostgresLike;
  readonly #table: string;
  readonly #prepare: boolean;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(pool: PostgresLike, table: string, prepare: boolean) {
    const given: unknown = pool;
    if (typeof given !== "object" || given === null || !("query" in given) || !("totalCount" in given)) {
      throw new TypeError(
        "PostgresBackend needs as pool a Pool of pg, as it is: new PostgresBackend({ pool: new Pool({ connectionString }) }).",
      );
    }
    this.#pool = pool;
    this.#table = table;
    this.#prepare = prepare;
  }

  /** A query that is asked often. */
  statement(text: string): Statement {
    // Connections know it by the name alone: other text, such as that of another table, needs another name.
    const name = `mini_${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;
    return (...values) => this.run({ ...(this.#prepare ? { name } : {}), text, values: [...values] });
  }

  run(query: PostgresQuery): Promise<PostgresResult> {
    return this.during(() => this.#ask(query));
  }

  /** Work of several queries that `settle` waits for as a whole. */
  during<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = work().finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
    return done;
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #ask(query: PostgresQuery): Promise<PostgresResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#pool.query(query);
      } catch (error) {
        const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
        if (unordered.has(code) && tries < mostTries) continue;
        const remedy = remedies.get(code);
        if (remedy === undefined) throw error;
        throw new Error(remedy(this.#table), { cause: error });
      }
    }
  }
}
