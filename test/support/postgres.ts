import { randomBytes } from "node:crypto";
import { Pool, type PoolConfig } from "pg";
import { afterAll, inject } from "vitest";
import { askForShared } from "./once-per-run.ts";

/** The URL of a Postgres that tests may use: `DATABASE_URL`, or one that was started for them; `undefined`: there is none. */
export async function findPostgresUrl(): Promise<string | undefined> {
  const { DATABASE_URL } = process.env;
  const at = inject("postgresAt");
  if (DATABASE_URL !== undefined || at === undefined) return DATABASE_URL;
  return (await askForShared(at)) as string;
}

/** A pool like that of an application, which ends with the tests of the file. */
export function openPool(url: string, options: PoolConfig = {}): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 20_000,
    statement_timeout: 20_000,
    query_timeout: 25_000,
    ...options,
  });
  pool.on("error", () => {});
  afterAll(() => pool.end());
  return pool;
}

/** The name of a table that nothing else uses. It is dropped after the tests of the file. */
export function newTable(pool: Pool): string {
  const table = `mini_test_${randomBytes(6).toString("hex")}`;
  afterAll(async () => {
    const tables = [table, `${table}_owners`, `${table}_epochs`].map((name) => `"${name}"`);
    await pool.query(`DROP TABLE IF EXISTS ${tables.join()}`);
  });
  return table;
}

/** The name of a schema that nothing else uses. It is dropped with everything in it after the tests of the file. */
export function newSchema(pool: Pool): string {
  const schema = `mini_test_${randomBytes(6).toString("hex")}`;
  afterAll(() => pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
  return schema;
}

/** Waits until the given number of queries of the table wait for a transaction. */
export async function waitsForLock(pool: Pool, table: string, count = 1): Promise<void> {
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 IN query) > 0";
  while ((await pool.query(waiting, [table])).rowCount !== count);
}
