import { mkdirSync } from "node:fs";
import { join } from "node:path";
// It has the API of node:sqlite, which Node 20 does not have. From Node 22.13 on, import that instead.
import { DatabaseSync } from "@photostructure/sqlite";

export type Database = InstanceType<typeof DatabaseSync>;

const tables = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS attempts (name TEXT PRIMARY KEY COLLATE NOCASE, count INTEGER NOT NULL, since INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, author INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL, text TEXT NOT NULL, picture TEXT, written INTEGER NOT NULL
  );
`;

/** Where the data is: a file for users and notes, a file for sessions, a folder for pictures. */
export function openData(folder: string) {
  const pictures = join(folder, "pictures");
  mkdirSync(pictures, { recursive: true });
  const database = new DatabaseSync(join(folder, "notes.db"));
  database.exec(tables);
  return { database, sessions: new DatabaseSync(join(folder, "sessions.db")), pictures };
}
