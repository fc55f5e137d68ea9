import { PostgresBackend, type PostgresBackendOptions, type PostgresLike } from "@mini/session/postgres";
import { testSessionBackend } from "@mini/session/testing";
import type { PoolConfig } from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { bytes, callsWith, keyOf, recordFor } from "../../support/backends.ts";
import { findPostgresUrl, newTable, openPool, waitsForLock } from "../../support/postgres.ts";
import { need } from "../../support/skip.ts";

const url = await findPostgresUrl();

need("Postgres", url)("PostgresBackend", () => {
  const [pool, observer, single] = [openPool(url!), openPool(url!), openPool(url!, { max: 1 })];
  const [prepared, unprepared] = [openPool(url!, { max: 1 }), openPool(url!, { max: 1 })];
  const strictPools = {
    "repeatable read": openPool(url!, { options: "-c default_transaction_isolation=repeatable\\ read" }),
    serializable: openPool(url!, { options: "-c default_transaction_isolation=serializable" }),
  };
  const table = newTable(pool);
  const tables = [table, `${table}_owners`, `${table}_epochs`];

  beforeAll(() => new PostgresBackend({ pool, table }).createTable());

  /** An empty backend; all that it had before is gone. */
  async function open(options: Partial<PostgresBackendOptions> = {}) {
    await pool.query(`TRUNCATE ${tables.join()}`);
    let time = 1_000_000_000_000;
    const now = () => time;
    return {
      backend: new PostgresBackend({ pool, table, now, ...options }),
      now,
      advance: (seconds: number) => void (time += seconds * 1000),
    };
  }

  /** Changes rows in a transaction that goes on until it is told to commit. */
  async function hold(sql: string, values: unknown[]): Promise<{ readonly commit: () => Promise<void> }> {
    const client = await observer.connect();
    await client.query("BEGIN");
    await client.query(sql, values);
    const commit = async () => {
      await client.query("COMMIT");
      client.release();
    };
    return { commit };
  }
  const setVersion = `UPDATE ${table} SET version = $1, data = $2`;
  const other = [Buffer.alloc(12, 7), Buffer.from("other")];
  const otherVersion = "BwcHBwcHBwcHBwcH";

  testSessionBackend("PostgresBackend", () => open(), { describe, test });
  testSessionBackend("PostgresBackend without prepared queries", () => open({ prepare: false }), { describe, test });

  test("a swap that had to wait for another one returns the record of that swap", async () => {
    const { backend, now } = await open();
    const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    const { commit } = await hold(setVersion, other);
    const swapping = backend.swap(keyOf(0), version, recordFor(now(), 60, "late"));
    await waitsForLock(observer, table);
    await commit();
    const current = { version: otherVersion, data: bytes("other"), idleAt: now() + 60_000, expiresAt: now() + 60_000 };
    expect(await swapping).toEqual({ ok: false, current });
    expect(await backend.read(keyOf(0))).toEqual(current);
  });

  test("a touch or swap that had to wait for a take finds nothing", async () => {
    const { backend, now } = await open();
    const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    const { commit } = await hold(`DELETE FROM ${table}`, []);
    const swapping = backend.swap(keyOf(0), version, recordFor(now(), 60, "late"));
    const touching = backend.touch(keyOf(0), now() + 90_000);
    await waitsForLock(observer, table, 2);
    await commit();
    expect(await swapping).toEqual({ ok: false, current: undefined });
    expect(await touching).toBe(false);
    expect(await backend.read(keyOf(0))).toBeUndefined();
  });

  test.each(["repeatable read", "serializable"] as const)("a query in conflict is tried again under %s", async (level) => {
    const { backend, now } = await open({ pool: strictPools[level] });
    const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    const { commit } = await hold(setVersion, other);
    const late = [backend.swap(keyOf(0), version, recordFor(now(), 60)), backend.touch(keyOf(0), now() + 90_000)] as const;
    await waitsForLock(observer, table, 2);
    await commit();
    const current = { version: otherVersion, data: bytes("other"), expiresAt: now() + 60_000 };
    const [swapped, touched] = await Promise.all(late);
    expect(swapped).toMatchObject({ ok: false, current });
    expect(touched).toBe(true);
    expect((await backend.take(keyOf(0)))?.version).toBe(otherVersion);
  });

  test.each(["40001", "40P01"])("a query that stays in conflict (%s) rejects after ten tries, and nothing is lost", async (code) => {
    let asked = 0;
    const query = () => {
      asked++;
      return Promise.reject(Object.assign(new Error("could not serialize access"), { code }));
    };
    const backend = new PostgresBackend({ pool: { query, totalCount: 0 } });
    await expect(backend.take(keyOf(0))).rejects.toMatchObject({ code });
    expect(asked).toBe(10);
  });

  test("a version never fits a session that came after it under the same key", async () => {
    const { backend, now } = await open();
    const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    await backend.take(keyOf(0));
    await backend.create(keyOf(0), recordFor(now(), 60));
    expect((await backend.swap(keyOf(0), version, recordFor(now(), 60))).ok).toBe(false);
  });

  test("of 20 creates over a session that has ended exactly one succeeds", async () => {
    const { backend, now, advance } = await open();
    await backend.create(keyOf(0), recordFor(now(), 60));
    advance(60);
    const made = await Promise.all(Array.from({ length: 20 }, () => backend.create(keyOf(0), recordFor(now(), 60))));
    const [winner, ...others] = made.filter((version) => version !== undefined);
    expect(others).toEqual([]);
    expect((await backend.read(keyOf(0)))?.version).toBe(winner);
  });

  test("the clock of the database does not matter, nor one of another process that is minutes off", async () => {
    const ahead = await open();
    const behind = new PostgresBackend({ pool, table, now: () => ahead.now() - 300_000 });
    await ahead.backend.create(keyOf(0), { ...recordFor(ahead.now(), 3600), idleAt: ahead.now() + 60_000 });
    ahead.advance(60);
    expect(await ahead.backend.read(keyOf(0))).toBeUndefined();
    expect(await behind.touch(keyOf(0), ahead.now() + 60_000)).toBe(true);
    expect(await behind.prune(10)).toBe(0);
    expect((await ahead.backend.read(keyOf(0)))?.idleAt).toBe(ahead.now() + 60_000);
  });

  test("times are kept in whole milliseconds, and a record whose times are not numbers has ended", async () => {
    const { backend, now } = await open();
    const ends = [now() + 1.9, now() + 0.9, Number.NaN, -1, Infinity];
    const found = ends.map(async (idleAt, index) => {
      expect(await backend.create(keyOf(index), { data: bytes("data"), idleAt, expiresAt: Infinity })).toBeTypeOf("string");
      expect(await backend.touch(keyOf(index), Number.NaN)).toBe(idleAt > now() + 1);
      return (await backend.read(keyOf(index)))?.idleAt;
    });
    expect(await Promise.all(found)).toEqual([now() + 1, undefined, undefined, undefined, Number.MAX_SAFE_INTEGER]);
    expect(await backend.prune(10)).toBe(3);
  });

  test.each([
    ["no characters", ""],
    ["a character too few", keyOf(0).slice(1)],
    ["a character too many", `${keyOf(0)}A`],
    ["bits that no byte has", `${keyOf(0).slice(0, -1)}B`],
    ["other characters", "+".repeat(43)],
    ["a quote", "'".repeat(43)],
  ])("a key with %s is refused by every operation", async (_title, key) => {
    const { backend, now } = await open();
    const message = `The key of a session must be a SHA-256 in base64url, 43 characters; this one has ${key.length}.`;
    for (const call of callsWith(backend, key, now())) await expect(call()).rejects.toThrow(new RangeError(message));
  });

  test("close waits for operations under way, with all their queries, and leaves the pool open", async () => {
    let answered = 0;
    const counting: PostgresLike = {
      totalCount: 0,
      async query(query) {
        const result = await pool.query(query);
        answered++;
        return result;
      },
    };
    const { backend, now } = await open({ pool: counting });
    await backend.create(keyOf(0), recordFor(now(), 60));
    answered = 0;
    const swapping = backend.swap(keyOf(0), "1", recordFor(now(), 60));
    const pruning = backend.prune(10);
    await backend.close();
    expect(answered).toBe(4);
    await Promise.all([swapping, pruning]);
    expect(await backend.read(keyOf(0))).toBeDefined();
  });

  test("bytes that are changed while a query waits for a connection are kept as they were", async () => {
    const { backend, now } = await open({ pool: single });
    const busy = single.query("SELECT 1");
    const made = recordFor(now(), 60, "first");
    const creating = backend.create(keyOf(0), made);
    made.data.fill(0);
    await busy;
    const version = (await creating) ?? "";
    expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("first"));
    const next = recordFor(now(), 60, "second");
    const swapping = backend.swap(keyOf(0), version, next);
    next.data.fill(0);
    await swapping;
    expect((await backend.read(keyOf(0)))?.data).toEqual(bytes("second"));
  });

  test.each([
    [true, 5],
    [false, 0],
  ])("with prepare: %j a connection has %d of its queries prepared", async (prepare, expected) => {
    const own = prepare ? prepared : unprepared;
    const { backend, now } = await open({ pool: own, prepare });
    const version = (await backend.create(keyOf(0), recordFor(now(), 60))) ?? "";
    await backend.swap(keyOf(0), version, recordFor(now(), 60));
    await backend.touch(keyOf(0), now() + 90_000);
    await backend.read(keyOf(0));
    await backend.take(keyOf(0));
    expect((await own.query("SELECT FROM pg_prepared_statements")).rowCount).toBe(expected);
  });

  test("a connection whose prepared queries were lost or replaced gives an error with the remedy, and another one is used", async () => {
    const pooler = openPool(url!, { max: 1 });
    const { backend } = await open({ pool: pooler });
    const message =
      "A connection has lost a prepared query of a PostgresBackend, or has it twice, as behind a pooler: give the backend prepare: false.";
    await backend.read(keyOf(0));
    const { rows } = await pooler.query<{ readonly name: string }>("SELECT name FROM pg_prepared_statements");
    await pooler.query("DEALLOCATE ALL");
    await expect(backend.read(keyOf(0))).rejects.toThrow(new Error(message));
    await pooler.query(`PREPARE "${rows[0]!.name}" AS SELECT 1`);
    await expect(backend.read(keyOf(0))).rejects.toThrow(new Error(message));
    expect(await backend.read(keyOf(0))).toBeUndefined();
  });

  test("a pool that does not return bytes as Buffers makes operations that need them reject", async () => {
    const { backend, now } = await open();
    await backend.create(keyOf(0), recordFor(now(), 60));
    await backend.owners.add("user:1", keyOf(0));
    const binary = new PostgresBackend({ pool: openPool(url!, { binary: true } as PoolConfig), table, now });
    const calls = [
      () => binary.read(keyOf(0)),
      () => binary.swap(keyOf(0), "1", recordFor(now(), 60)),
      () => binary.owners.keys("user:1"),
      () => binary.take(keyOf(0)),
    ];
    const message =
      "The driver must return binary columns as bytes, as it does by default. With pg, use a pool without binary: true and without another type parser for bytea.";
    for (const call of calls) await expect(call()).rejects.toThrow(new TypeError(message));
  });
});
