import { SqliteBackend, type SqliteLike } from "@mini/session/sqlite";
import { describe, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { sessionApp } from "../../support/session-app.ts";
import { openSqlite, sqlitePath } from "../../support/sqlite.ts";

/** A backend whose driver notes its transactions, and fails a statement when it is told to. */
function open() {
  const database = openSqlite(sqlitePath());
  const transactions: string[] = [];
  let failing: ((sql: string, values: readonly unknown[]) => Error | undefined) | undefined;
  const fail = (sql: string, values: readonly unknown[] = []) => {
    const error = failing?.(sql, values);
    if (error !== undefined) throw error;
  };
  const watched: SqliteLike = {
    exec(sql) {
      if (/^(?:BEGIN|COMMIT|ROLLBACK)/.test(sql)) transactions.push(sql.split(/\W/)[0]!);
      fail(sql);
      return database.exec(sql);
    },
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        run(...values) {
          fail(sql, values);
          return statement.run(...values);
        },
      };
    },
  };
  const backend = new SqliteBackend({ database: watched, busyTimeout: 60_000 });
  transactions.length = 0;
  const create = (name: string | number) => backend.create(keyOf(name), recordFor(Date.now(), 60));
  return { backend, create, transactions, failWith: (given: typeof failing) => void (failing = given), close: () => void database.close() };
}

describe("writes of one turn of the event loop", () => {
  test("are one transaction, and each has its own result", async () => {
    const { create, transactions, close } = open();
    const versions = await Promise.all([create("a"), create("b"), create("a")]);
    expect(versions.map((version) => typeof version)).toEqual(["string", "string", "undefined"]);
    expect(transactions).toEqual(["BEGIN", "COMMIT"]);
    close();
  });

  test("are several transactions when there are very many, so that none blocks for long", async () => {
    const { create, transactions, close } = open();
    await Promise.all(Array.from({ length: 250 }, (_, index) => create(index)));
    expect(transactions).toEqual(["BEGIN", "COMMIT", "BEGIN", "COMMIT", "BEGIN", "COMMIT"]);
    close();
  });

  test("are made without the one that fails, which alone rejects", async () => {
    const { backend, create, transactions, failWith, close } = open();
    const bad = Buffer.from(keyOf("bad"), "base64url");
    const error = new Error("datatype mismatch");
    failWith((sql, values) =>
      sql.startsWith("INSERT") && values.some((value) => value instanceof Uint8Array && bad.equals(value)) ? error : undefined,
    );
    const outcomes = await Promise.allSettled([create("a"), create("bad"), create("b")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toEqual({ status: "rejected", reason: error });
    expect(transactions).toEqual(["BEGIN", "ROLLBACK", "BEGIN", "COMMIT"]);
    const found = await Promise.all(["a", "bad", "b"].map((name) => backend.read(keyOf(name))));
    expect(found.map(Boolean)).toEqual([true, false, true]);
    close();
  });

  test("all reject when the commit fails, nothing is kept, and the next ones are made", async () => {
    const { backend, create, failWith, close } = open();
    const error = Object.assign(new Error("database or disk is full"), { errcode: 13 });
    failWith((sql) => (sql === "COMMIT" ? error : undefined));
    const outcomes = await Promise.allSettled([create("a"), create("b")]);
    const reason = expect.objectContaining({
      message: "Cannot write to SQLite: the disk is full. Nothing was changed.",
      cause: error,
    }) as Error;
    expect(outcomes).toEqual([
      { status: "rejected", reason },
      { status: "rejected", reason },
    ]);
    expect(await backend.read(keyOf("a"))).toBeUndefined();
    failWith(undefined);
    expect(await create("a")).toBeTypeOf("string");
    close();
  });

  test("wait together while another connection writes, with those that arrive in the meantime", async () => {
    const { create, transactions, failWith, close } = open();
    let busy = 3;
    failWith((sql) =>
      sql === "BEGIN IMMEDIATE" && busy-- > 0 ? Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }) : undefined,
    );
    const first = create("a");
    await new Promise(setImmediate);
    await Promise.all([first, create("b")]);
    expect(transactions).toEqual(["BEGIN", "BEGIN", "BEGIN", "BEGIN", "COMMIT"]);
    close();
  });
});

describe("a write whose caller has given up", () => {
  test("is not made any more, and the others of its transaction are", async () => {
    const { backend, create, close } = open();
    const signal = { aborted: false };
    const record = recordFor(Date.now(), 60);
    const outcomes = Promise.allSettled([create("a"), backend.create(keyOf("late"), record, signal), create("b")]);
    signal.aborted = true;
    const [first, late, last] = await outcomes;
    expect([first.status, late.status, last.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(late).toMatchObject({
      reason: { name: "AbortError", message: "The request was answered before its change was made. Nothing was changed." },
    });
    expect(await backend.read(keyOf("late"))).toBeUndefined();
    close();
  });

  test("is not made when the lock is free after its request was answered 503", async () => {
    const path = sqlitePath();
    const [database, other] = [openSqlite(path), openSqlite(path)];
    const backend = new SqliteBackend({ database, busyTimeout: 60_000 });
    const { run, browser } = sessionApp({ backend, now: Date.now, deadline: 100 });
    const client = browser();
    await run(async (_store, session) => (await session()).set("count", 1), { client });
    other.exec("BEGIN IMMEDIATE");
    const response = await run(async (_store, session) => void (await session()).increment("count"), { client });
    expect(response.status).toBe(503);
    other.exec("COMMIT");
    await backend.close();
    let found: unknown;
    await run(async (_store, session) => void (found = (await session()).get("count")), { client });
    expect(found).toBe(1);
    database.close();
    other.close();
  });
});
