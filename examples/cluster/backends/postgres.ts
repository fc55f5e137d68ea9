import { ConfigError } from "@mini/core";
import { PostgresBackend } from "@mini/session/postgres";
import { Pool } from "pg";
import type { OpenBackend } from "../backends.ts";

/** Every process has its own small pool, so that all pools together stay below the limit of the server. */
export async function openPostgres(url: string): Promise<OpenBackend> {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 2000,
    statement_timeout: 2000,
    query_timeout: 3000,
  });
  pool.on("error", (error) => console.error(`Postgres: ${error.message}`));
  const backend = new PostgresBackend({ pool });
  try {
    await backend.createTable();
  } catch (error) {
    await pool.end();
    throw new ConfigError(`Cannot keep sessions in Postgres: ${whyOf(error)}. Name a database in DATABASE_URL.`, { cause: error });
  }
  return {
    place: "Postgres",
    backend,
    async close() {
      await backend.close();
      await pool.end();
    },
  };
}

/** When all addresses of a host refuse the connection, the error has a code but no message. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
