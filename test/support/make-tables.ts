import { PostgresBackend } from "@mini/session/postgres";
import { Pool } from "pg";

/** Makes the tables of a backend. */
export async function makeTables(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url });
  // end() does not wait until the server knows. A server that stops next says so to the connection, which is an error of the pool.
  pool.on("error", () => undefined);
  await new PostgresBackend({ pool }).createTable();
  await pool.end();
}
