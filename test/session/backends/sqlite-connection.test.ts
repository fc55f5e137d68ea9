import { ConfigError } from "@mini/core";
import { SqliteBackend, type SqliteLike } from "@mini/session/sqlite";
import { DatabaseSync } from "@photostructure/sqlite";
import { describe, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { openSqlite, sqlitePath } from "../../support/sqlite.ts";

describe("the connection of SqliteBackend", () => {
  test("writes to the disk before it answers, and never blocks to wait for a lock", () => {
    const database = openSqlite(sqlitePath());
    new SqliteBackend({ database });
    const value = (sql: string) => Object.values(database.prepare(sql).get() as object)[0] as unknown;
    expect([value("PRAGMA journal_mode"), value("PRAGMA synchronous"), value("PRAGMA busy_timeout")]).toEqual(["wal", 2, 0]);
    database.close();
  });

  test("must be to a file", () => {
    const database = openSqlite(":memory:");
    expect(() => new SqliteBackend({ database })).toThrow(
      'SqliteBackend needs a database in a file on a local disk, because it uses SQLite\'s write-ahead log; this database has the journal mode "memory".',
    );
    database.close();
  });

  const version = (text: string): SqliteLike => ({
    exec: () => undefined,
    prepare: () => ({ get: () => ({ version: text }), all: () => [], run: () => ({ changes: 0 }) }),
  });

  test.each(["3.7.0", "3.44.5", "3.45.1", "3.49.2", "3.50.6", "3.51.2"])("is refused with SQLite %s, which can lose commits", (text) => {
    const make = () => new SqliteBackend({ database: version(text) });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(
      `SqliteBackend cannot use SQLite ${text}: it can lose confirmed changes when several processes write. Update Node.js or the driver to one with SQLite 3.51.3 or later.`,
    );
  });

  test.each(["3.44.6", "3.50.7", "3.51.3", "3.53.0", "4.0.0"])("is not refused for SQLite %s", (text) => {
    // It is refused for the next reason: this one has no journal.
    expect(() => new SqliteBackend({ database: version(text) })).toThrow(/write-ahead log/);
  });

  test.each([undefined, null, "data/sessions.db", {}, Promise.resolve()])(
    "cannot be %s, and the message says what is needed",
    (database) => {
      expect(() => new SqliteBackend({ database: database as never })).toThrow(
        "SqliteBackend needs an open database of a supported driver",
      );
    },
  );

  test.each([-1, 0.5, Number.NaN, Infinity, "600"])("cannot wait for %s ms", (busyTimeout) => {
    expect(() => new SqliteBackend({ database: version("3.53.0"), busyTimeout: busyTimeout as number })).toThrow(
      `The busyTimeout of a SqliteBackend must be a whole number of milliseconds, not ${busyTimeout}.`,
    );
  });

  test("is waited for while another process has the new file locked", () => {
    let tries = 0;
    const busy = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY_RECOVERY" });
    const database = openSqlite(sqlitePath());
    const locked: SqliteLike = {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        if (sql.includes("journal_mode") && ++tries < 3) throw busy;
        return database.prepare(sql);
      },
    };
    new SqliteBackend({ database: locked });
    expect(tries).toBe(3);
    database.close();
  });

  test.each([
    [{ errcode: 261, message: "database is locked" }],
    [{ code: "SQLITE_BUSY_SNAPSHOT" }],
    [{ errno: 5 }],
    [{ code: "ERR_SQLITE_ERROR", message: "database is locked" }],
    [{ message: "locking protocol" }],
  ])("that is busy is recognized by %j, whatever the driver and the realm of its error", async (error) => {
    const database = openSqlite(sqlitePath());
    let tries = 0;
    const busy: SqliteLike = {
      exec(sql) {
        if (sql === "BEGIN IMMEDIATE" && ++tries === 2) throw error as Error;
        return database.exec(sql);
      },
      prepare: (sql) => database.prepare(sql),
    };
    expect(await new SqliteBackend({ database: busy }).owners.bump("user:1")).toBe(1);
    expect(tries).toBe(3);
    database.close();
  });

  test("must return rows as objects", () => {
    const database = openSqlite(sqlitePath());
    const asArrays: SqliteLike = {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        return {
          get: (...values) => Object.values(statement.get(...values) as object),
          all: () => [],
          run: (...values) => statement.run(...values),
        };
      },
    };
    expect(() => new SqliteBackend({ database: asArrays })).toThrow("needs a database that returns rows as objects");
    database.close();
  });

  test("must be to a file that can be written", () => {
    const path = sqlitePath();
    const first = openSqlite(path);
    new SqliteBackend({ database: first });
    const readOnly = new DatabaseSync(path, { readOnly: true });
    expect(() => new SqliteBackend({ database: readOnly })).toThrow(/readonly database/);
    readOnly.close();
    first.close();
  });

  test("is usable by others after a constructor that failed", () => {
    const path = sqlitePath();
    const [database, other] = [openSqlite(path), openSqlite(path)];
    other.exec("CREATE TABLE mini_sessions (name TEXT)");
    expect(() => new SqliteBackend({ database })).toThrow(/due_at/);
    other.exec("BEGIN IMMEDIATE; COMMIT");
    expect(() => new SqliteBackend({ database, table: "another" })).not.toThrow();
    database.close();
    other.close();
  });

  test("that another process repairs is asked again by a read", async () => {
    const database = openSqlite(sqlitePath());
    let tries = 0;
    const repaired: SqliteLike = {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        if (!sql.startsWith("SELECT version")) return statement;
        const get = (...values: Parameters<typeof statement.get>) => {
          if (++tries < 3) throw Object.assign(new Error("database is locked"), { errcode: 261 });
          return statement.get(...values);
        };
        return { all: (...values) => statement.all(...values), run: (...values) => statement.run(...values), get };
      },
    };
    expect(await new SqliteBackend({ database: repaired }).read(keyOf(0))).toBeUndefined();
    expect(tries).toBe(3);
    database.close();
  });

  test("in which the program has its own transaction open rejects writes, and keeps nothing of them", async () => {
    const database = openSqlite(sqlitePath());
    const backend = new SqliteBackend({ database });
    database.exec("BEGIN");
    await expect(backend.create(keyOf(0), recordFor(Date.now(), 60))).rejects.toThrow(/cannot start a transaction within a transaction/);
    database.exec("COMMIT");
    expect(await backend.read(keyOf(0))).toBeUndefined();
    expect(await backend.create(keyOf(0), recordFor(Date.now(), 60))).toBeTypeOf("string");
    database.close();
  });
});
