// The embedded databases, opened as the backends' documentation says, and the least that a session needs of SQLite.
import { DatabaseSync } from "@photostructure/sqlite";
import { open } from "lmdb";

export const openLmdb = (path) => open({ path, overlappingSync: false });
export const openSqlite = (path) => new DatabaseSync(path);

const dayInMs = 86_400_000;

/** As `bareRedis`, without promises; each swap is a transaction of its own, on the disk when it returns. */
export function bareSqlite(path) {
  const database = openSqlite(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE bare_sessions (key TEXT PRIMARY KEY, version BLOB, data BLOB, expires_at INTEGER) WITHOUT ROWID`);
  const select = database.prepare("SELECT version, data FROM bare_sessions WHERE key = ? AND expires_at > ?");
  const insert = database.prepare("INSERT INTO bare_sessions VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const update = database.prepare("UPDATE bare_sessions SET version = ?, data = ?, expires_at = ? WHERE key = ? AND version = ?");
  return {
    // The driver closes a database that nobody holds, whatever its statements do.
    database,
    read: (key) => select.get(key, Date.now()),
    swap(key, version, next, data) {
      const end = Date.now() + dayInMs;
      const { changes } = version === undefined ? insert.run(key, next, data, end) : update.run(next, data, end, key, version);
      return changes === 1;
    },
  };
}
