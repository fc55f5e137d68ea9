import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@mini/core";
import { SqliteBackend } from "@mini/session/sqlite";
// It has the API of node:sqlite, which Node 20 does not have. From Node 22.13 on, import that instead.
import { DatabaseSync } from "@photostructure/sqlite";
import type { OpenBackend } from "../backends.ts";

/** Milliseconds that a change waits for other processes. It is a little less than the deadline of sessions in app.ts. */
const busyTimeout = 4000;

/** Every process opens the same file. */
export function openSqlite(folder: string): OpenBackend {
  try {
    mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(join(folder, "sessions.db"));
    const backend = new SqliteBackend({ database, busyTimeout });
    const close = async () => {
      await backend.close();
      database.close();
    };
    return { place: "SQLite", backend, close };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot keep sessions in ${folder}: ${why}. Name another folder in DATA_PATH.`, { cause: error });
  }
}
