import { SqliteBackend } from "@mini/session/sqlite";
import { testSessionBackend } from "@mini/session/testing";
import { describe, expect, test } from "vitest";
import { bytes, callsWith, keyOf, recordFor } from "../../support/backends.ts";
import { need } from "../../support/skip.ts";
import { builtInDriver, compiledDriver, openSqlite, packagedDriver, sqlitePath, type SqliteDriver } from "../../support/sqlite.ts";
import { patience } from "../../support/within.ts";

const compiled = compiledDriver();
need("better-sqlite3 with its binary", compiled);
const drivers: readonly SqliteDriver[] = [packagedDriver, builtInDriver(), compiled].filter((driver) => driver !== undefined);

// One file for the whole contract: each test has a table of its own in it.
const paths = new Map(drivers.map((driver) => [driver, sqlitePath()]));
let tables = 0;

function open(driver: SqliteDriver = packagedDriver) {
  const table = `sessions_${++tables}`;
  const database = driver.open(paths.get(driver)!);
  let time = 1_000_000_000_000;
  const now = () => time;
  const backend = new SqliteBackend({ database, table, now });
  /** Rows of the table, or of one beside it. */
  const rows = (suffix = "") => database.prepare(`SELECT * FROM ${table}${suffix}`).all() as Record<string, unknown>[];
  return {
    table,
    database,
    backend,
    rows,
    now,
    advance: (seconds: number) => void (time += seconds * 1000),
    close: () => void database.close(),
  };
}

describe.each(drivers)("on $name", (driver) => {
  testSessionBackend("SqliteBackend", () => open(driver), { describe, test });

  test("an empty record stays empty", async () => {
    const { backend, now, close } = open(driver);
    await backend.create(keyOf(0), recordFor(now(), 60, ""));
    expect((await backend.read(keyOf(0)))?.data).toEqual(bytes(""));
    close();
  });

  test("a write waits for another connection without blocking, and is made when that has ended", async () => {
    const { database, table, now, close } = open(driver);
    const backend = new SqliteBackend({ database, table, now, busyTimeout: patience });
    const other = driver.open(paths.get(driver)!);
    other.exec("BEGIN IMMEDIATE");
    let made: unknown;
    const making = backend.create(keyOf(0), recordFor(now(), 60)).then((version) => (made = version));
    // Reading does not wait for it.
    expect(await backend.read(keyOf(0))).toBeUndefined();
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(made).toBeUndefined();
    other.exec("COMMIT");
    expect(await making).toBeTypeOf("string");
    expect(other.prepare(`SELECT key FROM ${table}`).all()).toHaveLength(1);
    other.close();
    close();
  });

  test("a write that has waited for busyTimeout rejects with the remedy, and is not made later", async () => {
    const { database, table, now, close } = open(driver);
    const backend = new SqliteBackend({ database, table, now, busyTimeout: 20 });
    const other = driver.open(paths.get(driver)!);
    other.exec("BEGIN IMMEDIATE");
    await expect(backend.create(keyOf(0), recordFor(now(), 60))).rejects.toThrow(
      "Cannot use the SQLite database: other connections kept it locked for 20 ms. Nothing was changed. Keep their transactions short.",
    );
    other.exec("COMMIT");
    await backend.owners.bump("user:1");
    expect(await backend.read(keyOf(0))).toBeUndefined();
    other.close();
    close();
  });
});

describe("the tables of SqliteBackend", () => {
  test("are empty again when every session was taken or pruned, owners' epochs aside", async () => {
    const { backend, rows, now, advance, close } = open();
    for (const index of [0, 1, 2]) {
      await backend.owners.add("user:1", keyOf(index));
      await backend.create(keyOf(index), recordFor(now(), 60));
    }
    await backend.owners.bump("user:1");
    await backend.take(keyOf(0));
    await backend.touch(keyOf(1), now() + 90_000);
    advance(3600);
    expect(await backend.prune(10)).toBe(2);
    expect([rows(), rows("_owners"), rows("_epochs").length]).toEqual([[], [], 1]);
    close();
  });

  test("keep a session that was used after the time at which prune first looks", async () => {
    const { backend, rows, now, advance, close } = open();
    await backend.create(keyOf(0), { ...recordFor(now(), 3600), idleAt: now() + 60_000 });
    await backend.touch(keyOf(0), now() + 120_000);
    advance(60);
    expect(await backend.prune(10)).toBe(0);
    expect(rows().map(({ due_at }) => Number(due_at) - now())).toEqual([60_000]);
    advance(60);
    expect(await backend.prune(10)).toBe(1);
    close();
  });

  test("keep no session whose end is not a time", async () => {
    const { backend, rows, now, close } = open();
    await backend.create(keyOf(0), { ...recordFor(now(), 60), idleAt: Number.NaN });
    await backend.create(keyOf(1), { ...recordFor(now(), 60), expiresAt: -1 });
    expect(await backend.read(keyOf(0))).toBeUndefined();
    expect(await backend.prune(10)).toBe(2);
    expect(rows()).toEqual([]);
    close();
  });

  test("lose an owner's entry without a session after an hour, and keep one with a session", async () => {
    const { backend, rows, now, advance, close } = open();
    await backend.owners.add("user:1", keyOf(0));
    await backend.owners.add("user:1", keyOf(1));
    await backend.create(keyOf(1), recordFor(now(), 7200));
    advance(3599);
    await backend.prune(10);
    expect((await backend.owners.keys("user:1")).toSorted()).toEqual([keyOf(0), keyOf(1)]);
    advance(1);
    expect(await backend.prune(10)).toBe(0);
    expect(await backend.owners.keys("user:1")).toEqual([keyOf(1)]);
    expect(rows("_owners").map(({ due_at }) => due_at)).toEqual([null]);
    close();
  });

  test("contain no owner and no key in plain text", async () => {
    const { backend, rows, now, close } = open();
    await backend.owners.add("somebody@example.com", keyOf(0));
    await backend.owners.bump("somebody@example.com");
    await backend.create(keyOf(0), recordFor(now(), 60));
    const values = [...rows(), ...rows("_owners"), ...rows("_epochs")].flatMap((row) => Object.values(row));
    const texts = values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value)));
    expect(texts.filter((text) => text.includes("somebody") || text.includes(keyOf(0)))).toEqual([]);
    close();
  });

  test("are pruned in several transactions, and of no more records than the limit", async () => {
    const { backend, now, advance, close } = open();
    await Promise.all(Array.from({ length: 250 }, (_, index) => backend.create(keyOf(index), recordFor(now(), 60))));
    advance(60);
    expect(await backend.prune(120)).toBe(120);
    expect(await backend.prune(1000)).toBe(130);
    close();
  });

  test("of two names share nothing", async () => {
    const [one, two] = [open(), open()];
    await one.backend.create(keyOf(0), recordFor(one.now(), 60));
    expect(await two.backend.read(keyOf(0))).toBeUndefined();
    one.close();
    two.close();
  });

  test("of the same name are used as they are by the next backend", async () => {
    const { backend, database, table, now, close } = open();
    await backend.create(keyOf(0), recordFor(now(), 60));
    expect(await new SqliteBackend({ database, table, now }).read(keyOf(0))).toMatchObject({ data: bytes("data") });
    close();
  });

  test.each(["", "1st", "two words", 'a"b', "sqlite_x", "x".repeat(64), "schema.table", undefined, 5])(
    "cannot be named %j, and the message says what can",
    (table) => {
      const database = openSqlite(sqlitePath());
      const make = () => new SqliteBackend({ database, table: table as string });
      if (table === undefined) expect(make).not.toThrow();
      else expect(make).toThrow(/^The table of a SqliteBackend must be named in letters, digits and underscores, 63 at most/);
      database.close();
    },
  );
});

test("a version never fits a session that came after it under the same key", async () => {
  const { backend, now, close } = open();
  const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
  await backend.take(keyOf(0));
  await backend.create(keyOf(0), recordFor(now(), 60));
  expect((await backend.swap(keyOf(0), version, recordFor(now(), 60))).ok).toBe(false);
  close();
});

test("a key that sessions do not have is refused by every operation, and nothing is written", async () => {
  const { backend, rows, now, close } = open();
  for (const call of callsWith(backend, "k".repeat(44), now()))
    await expect(call()).rejects.toThrow(/^The key of a session must be a SHA-256 in base64url, 43 characters; this one has 44\.$/);
  expect([rows(), rows("_owners")]).toEqual([[], []]);
  close();
});

test("the bytes are kept as they were at the call", async () => {
  const { backend, now, close } = open();
  const record = recordFor(now(), 60, "before");
  const creating = backend.create(keyOf(0), record);
  record.data.set(bytes("after!"));
  await creating;
  expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("before"));
  close();
});

test("close waits for the writes under way, and leaves the database to its owner", async () => {
  const { backend, rows, now, close } = open();
  const done: string[] = [];
  const writes = [0, 1, 2].map(async (index) => {
    await backend.create(keyOf(index), recordFor(now(), 60));
    done.push("created");
  });
  await backend.close();
  expect(done).toEqual(["created", "created", "created"]);
  await Promise.all(writes);
  expect(rows()).toHaveLength(3);
  close();
});
