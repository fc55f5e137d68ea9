import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import type { SqliteLike } from "@mini/session/sqlite";
import Better from "better-sqlite3";
import { temporaryFolder } from "./folder.ts";

/** A connection, with the method `close` that all drivers have. */
export type SqliteDatabase = SqliteLike & { close(): unknown };

/** A driver of SQLite, and how it opens a file. */
export interface SqliteDriver {
  readonly name: string;
  readonly open: (path: string) => SqliteDatabase;
}

/** The driver that works on every machine. */
export const openSqlite = (path: string): SqliteDatabase => new DatabaseSync(path);

export const packagedDriver: SqliteDriver = { name: "@photostructure/sqlite", open: openSqlite };

/** Node's own, from Node 22.13 on. */
export function builtInDriver(): SqliteDriver | undefined {
  if (!isBuiltin("node:sqlite")) return undefined;
  const { DatabaseSync: BuiltIn } = createRequire(import.meta.url)("node:sqlite") as { DatabaseSync: typeof DatabaseSync };
  return { name: "node:sqlite", open: (path) => new BuiltIn(path) };
}

/** better-sqlite3, if its install script was run: `npm explore better-sqlite3 -- npm run install`. */
export function compiledDriver(): SqliteDriver | undefined {
  try {
    new Better(":memory:").close();
  } catch (error) {
    // Its binary is missing, or for another version of Node.
    if (error instanceof Error) return undefined;
    throw error;
  }
  return { name: "better-sqlite3", open: (path) => new Better(path) };
}

/** A path for a database file in a new folder, which is removed after the tests of the file. */
export function sqlitePath(): string {
  return join(temporaryFolder(), "sessions.db");
}
