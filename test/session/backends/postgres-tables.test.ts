import { PostgresBackend, type PostgresBackendOptions } from "@mini/session/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { findPostgresUrl, newSchema, newTable, openPool } from "../../support/postgres.ts";
import { need } from "../../support/skip.ts";

const url = await findPostgresUrl();

/** Every operation, each by itself. */
const operations = (backend: PostgresBackend): readonly (() => Promise<unknown>)[] => [
  () => backend.read(keyOf(0)),
  () => backend.create(keyOf(0), recordFor(Date.now(), 60)),
  () => backend.swap(keyOf(0), "1", recordFor(Date.now(), 60)),
  () => backend.touch(keyOf(0), Date.now()),
  () => backend.take(keyOf(0)),
  () => backend.prune(10),
  () => backend.owners.epoch("user:1"),
  () => backend.owners.bump("user:1"),
  () => backend.owners.add("user:1", keyOf(0)),
  () => backend.owners.remove("user:1", keyOf(0)),
  () => backend.owners.keys("user:1"),
];

/** How many operations succeed, of 11. */
async function working(backend: PostgresBackend): Promise<number> {
  let count = 0;
  for (const operation of operations(backend)) await operation().then(() => count++);
  return count;
}

need("Postgres", url)("the tables of PostgresBackend", () => {
  const [pool, other] = [openPool(url!), openPool(url!)];
  const schema = newSchema(pool);
  const inSchema = openPool(url!, { options: `-c search_path=${schema}` });
  const [table, missing] = [newTable(pool), newTable(pool)];
  beforeAll(async () => {
    await pool.query(`CREATE SCHEMA ${schema}`);
    await new PostgresBackend({ pool, table }).createTable();
  });

  test("are made by several processes at once, and made again without a change", async () => {
    const names = Array.from({ length: 4 }, (_, index) => `${schema}.sessions${index}`);
    const makers = names.flatMap((name) => [pool, other, pool, other].map((one) => new PostgresBackend({ pool: one, table: name })));
    await Promise.all(makers.map((backend) => backend.createTable()));
    await new PostgresBackend({ pool, table: names[0] }).createTable();
    expect(await working(makers[0]!)).toBe(11);
  });

  test("are made by their SQL, which can run again", async () => {
    const backend = new PostgresBackend({ pool, table: `${schema}.by_hand` });
    await pool.query(backend.createTableSql);
    await pool.query(backend.createTableSql);
    expect(await working(backend)).toBe(11);
    await backend.createTable();
  });

  test("are named mini_sessions by default, in the schema that the connection searches first", async () => {
    const backend = new PostgresBackend({ pool: inSchema });
    await backend.createTable();
    await backend.create(keyOf(1), recordFor(Date.now(), 60));
    await backend.create(keyOf(2), recordFor(Date.now(), -1));
    expect([await backend.read(keyOf(1)), await backend.read(keyOf(2))].map(Boolean)).toEqual([true, false]);
    const { rows } = await pool.query<{ readonly name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = $1", [schema]);
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["mini_sessions", "mini_sessions_owners", "mini_sessions_epochs"]));
  });

  test("can have a name that is an SQL keyword, has capitals, or has the greatest length", async () => {
    for (const name of ["select", "Sessions", "sessions", `a${"_".repeat(51)}`, `b${"_".repeat(51)}`]) {
      const backend = new PostgresBackend({ pool, table: `${schema}.${name}` });
      await backend.createTable();
      expect(await working(backend)).toBe(11);
      expect(await backend.owners.epoch("user:1"), name).toBe(1);
    }
  });

  test("with two names share nothing, on one pool", async () => {
    const two = new PostgresBackend({ pool, table: `${schema}.two` });
    await two.createTable();
    await new PostgresBackend({ pool, table }).create(keyOf(3), recordFor(Date.now(), 60));
    expect(await two.read(keyOf(3))).toBeUndefined();
  });

  test("that are missing are named by the error of every operation, with the remedy", async () => {
    const message = `The table ${missing} of a PostgresBackend does not exist: call await backend.createTable() once, or run backend.createTableSql.`;
    const backend = new PostgresBackend({ pool, table: missing });
    for (const operation of operations(backend)) await expect(operation()).rejects.toThrow(new Error(message));
    await backend.createTable();
    expect(await working(backend)).toBe(11);
  });

  test("of another application, under their name, are named by the error of every operation, with the remedy", async () => {
    const names = ["foreign", "foreign_owners", "foreign_epochs"].map((name) => `${schema}.${name}`);
    await pool.query(names.map((name) => `CREATE TABLE ${name} (id int)`).join(";"));
    const message = `The table ${names[0]} of a PostgresBackend, or one of those beside it, has other columns than createTable() makes: give the backend its own table with the option "table".`;
    const backend = new PostgresBackend({ pool, table: names[0] });
    for (const operation of operations(backend)) await expect(operation()).rejects.toThrow(new Error(message));
    await pool.query(`CREATE TABLE ${schema}.half (id int)`);
    await expect(new PostgresBackend({ pool, table: `${schema}.half` }).createTable()).rejects.toThrow(
      /has other columns than createTable\(\) makes/,
    );
  });

  test("in a schema that does not exist cannot be created, and Postgres says so", async () => {
    const backend = new PostgresBackend({ pool, table: "no_such_schema.sessions" });
    await expect(backend.createTable()).rejects.toThrow(/schema "no_such_schema" does not exist/);
  });

  describe("privileges of a role that may only use them", () => {
    const role = `${schema}_reader`;
    const asRole = openPool(url!, { options: `-c role=${role}` });
    beforeAll(async () => {
      await pool.query(
        `CREATE ROLE ${role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ${table}, ${table}_owners, ${table}_epochs TO ${role}`,
      );
    });
    afterAll(() => pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));

    test("are enough: createTable needs no other privilege if the tables exist", async () => {
      const backend = new PostgresBackend({ pool: asRole, table });
      await backend.createTable();
      expect(await working(backend)).toBe(11);
      await expect(new PostgresBackend({ pool: asRole, table: `${schema}.more` }).createTable()).rejects.toThrow(/permission denied/);
    });
  });
});

describe("PostgresBackend refuses", () => {
  const pool = { query: async () => ({ rows: [], rowCount: 0 }), totalCount: 0 };

  test.each([
    "",
    "a b",
    'a"b',
    'mini"; DROP TABLE users; --',
    "1a",
    "a.b.c",
    ".a",
    "a.",
    "a-b",
    "é",
    "nul\0",
    `a${"_".repeat(52)}`,
    `${"s".repeat(64)}.a`,
    7,
    null,
  ])("%j as the name of a table", (table) => {
    const message = `The table of a PostgresBackend must be named "table" or "schema.table", in letters, digits and underscores, 52 at most; not ${JSON.stringify(table)}.`;
    expect(() => new PostgresBackend({ pool, table } as PostgresBackendOptions)).toThrow(new TypeError(message));
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a URL", "postgres://localhost"],
    ["a promise of a pool", Promise.resolve(pool)],
    ["a single connection", { query: pool.query }],
    ["a function", () => {}],
  ])("%s as a pool", (_title, given) => {
    const message = "PostgresBackend needs a Pool of pg: new PostgresBackend({ pool: new Pool({ connectionString }) }).";
    expect(() => new PostgresBackend({ pool: given as never })).toThrow(new TypeError(message));
  });
});
