import { PostgresBackend } from "@mini/session/postgres";
import { beforeAll, expect, test } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { findPostgresUrl, newTable, openPool } from "../../support/postgres.ts";
import { need } from "../../support/skip.ts";

const url = await findPostgresUrl();

need("Postgres", url)("the tables of PostgresBackend", () => {
  const [pool, other, single] = [openPool(url!), openPool(url!), openPool(url!, { max: 1 })];
  const [table, large] = [newTable(pool), newTable(pool)];
  beforeAll(() => new PostgresBackend({ pool, table }).createTable());

  async function open() {
    await pool.query(`TRUNCATE ${table}, ${table}_owners, ${table}_epochs`);
    let time = 1_000_000_000_000;
    const now = () => time;
    const at = (one: typeof pool) => new PostgresBackend({ pool: one, table, now });
    return { backend: at(pool), beside: at(other), now, advance: (seconds: number) => void (time += seconds * 1000) };
  }

  /** How many rows the tables of records, of owners' entries and of epochs have. */
  async function rows(): Promise<readonly number[]> {
    const counts = [table, `${table}_owners`, `${table}_epochs`].map(async (name) => {
      const { rows: found } = await pool.query<{ readonly count: number }>(`SELECT count(*)::int AS count FROM ${name}`);
      return found[0]!.count;
    });
    return Promise.all(counts);
  }

  test("are empty when every session was taken or pruned, except for owners' epochs", async () => {
    const { backend, now, advance } = await open();
    for (const index of [0, 1, 2]) {
      await backend.owners.add("user:1", keyOf(index));
      await backend.create(keyOf(index), recordFor(now(), 60));
    }
    await backend.owners.bump("user:1");
    await backend.take(keyOf(0));
    expect(await backend.owners.keys("user:1")).toHaveLength(2);
    await backend.touch(keyOf(1), now() + 90_000);
    advance(60);
    expect(await backend.prune(10)).toBe(2);
    expect(await rows()).toEqual([0, 0, 1]);
    expect(await backend.owners.epoch("user:1")).toBe(1);
    expect(await backend.owners.bump("user:1")).toBe(2);
  });

  test("lose an owner's entry with a session that has ended, when that is taken", async () => {
    const { backend, now, advance } = await open();
    await backend.owners.add("user:1", keyOf(0));
    await backend.create(keyOf(0), recordFor(now(), 60));
    advance(60);
    expect(await backend.take(keyOf(0))).toBeUndefined();
    expect(await rows()).toEqual([0, 0, 0]);
  });

  test("lose an owner's entry without a session after an hour", async () => {
    const { backend, now, advance } = await open();
    await backend.owners.add("user:1", keyOf(0));
    await backend.owners.add("user:1", keyOf(1));
    await backend.create(keyOf(1), recordFor(now(), 86_400));
    advance(3599);
    await backend.prune(10);
    expect(await backend.owners.keys("user:1")).toHaveLength(2);
    advance(1);
    expect(await backend.prune(10)).toBe(0);
    expect(await backend.owners.keys("user:1")).toEqual([keyOf(1)]);
    advance(82_799);
    await backend.prune(10);
    expect(await backend.owners.keys("user:1")).toEqual([keyOf(1)]);
    advance(1);
    expect(await backend.prune(10)).toBe(1);
    expect(await rows()).toEqual([0, 0, 0]);
  });

  test("contain no owner in plain text", async () => {
    const { backend } = await open();
    await backend.owners.add("somebody", keyOf(0));
    await backend.owners.bump("somebody");
    for (const name of [`${table}_owners`, `${table}_epochs`]) {
      const { rows: found } = await pool.query<{ readonly owner: Buffer }>(`SELECT owner FROM ${name}`);
      expect(found.map(({ owner }) => [owner.length, owner.includes("somebody")])).toEqual([[32, false]]);
    }
  });

  test("can be pruned by several processes at once: each session by one of them, and no more than the limit", async () => {
    const { backend, beside, now, advance } = await open();
    const keys = Array.from({ length: 2000 }, (_, index) => keyOf(index));
    for (const [index, key] of keys.entries()) {
      if (index % 100 === 0) await backend.owners.add("user:1", key);
      await backend.create(key, recordFor(now(), index < 1500 ? 60 : 3600));
    }
    advance(60);
    expect(await backend.prune(100)).toBe(100);
    const removed = await Promise.all([backend, beside, backend, beside].map((each) => each.prune(350)));
    expect(Math.max(...removed)).toBeLessThanOrEqual(350);
    const left = await rows();
    expect(removed.reduce((sum, count) => sum + count, 0)).toBe(1900 - left[0]!);
    expect(await beside.prune(5000)).toBe(left[0]! - 500);
    expect(await rows()).toEqual([500, 5, 0]);
  });

  test("are pruned without waiting for a session that a request has locked; the session is kept if it was used", async () => {
    const { backend, now, advance } = await open();
    for (const index of [0, 1]) await backend.create(keyOf(index), { ...recordFor(now(), 3600), idleAt: now() + 60_000 });
    const client = await other.connect();
    await client.query("BEGIN");
    await client.query(`UPDATE ${table} SET idle_at = $2 WHERE key = $1`, [Buffer.from(keyOf(0), "base64url"), now() + 120_000]);
    advance(60);
    expect(await backend.prune(10)).toBe(1);
    await client.query("COMMIT");
    client.release();
    expect(await backend.prune(10)).toBe(0);
    expect(await backend.read(keyOf(0))).toBeDefined();
    advance(60);
    expect(await backend.prune(10)).toBe(1);
  });

  test("never lose a session that another process used at the moment they were pruned", async () => {
    const { backend, now, advance } = await open();
    // Its clock is a minute behind, so it may still use what has ended here.
    const behind = new PostgresBackend({ pool: other, table, now: () => now() - 60_000 });
    const keys = Array.from({ length: 200 }, (_, index) => keyOf(index));
    for (const key of keys) await backend.create(key, { ...recordFor(now(), 3600), idleAt: now() + 60_000 });
    advance(60);
    const using = keys.map((key) => behind.touch(key, now() + 60_000));
    const pruning = Array.from({ length: 40 }, () => backend.prune(5));
    const used = await Promise.all(using);
    const removed = (await Promise.all(pruning)).reduce((sum, count) => sum + count, 0);
    const found = await Promise.all(keys.map(async (key) => (await backend.read(key)) !== undefined));
    expect(found).toEqual(used);
    expect(removed).toBe(used.filter((one) => !one).length);
  });

  test("are read by their indexes when many of very many records must be pruned", async () => {
    const backend = new PostgresBackend({ pool: single, table: large, now: () => 3_000_000 });
    await backend.createTable();
    await single.query(
      `INSERT INTO ${large} SELECT sha256(n::text::bytea), '\\x00', '\\x00', n * 1000, n * 1000, n * 1000 FROM generate_series(1, 50000) AS n`,
    );
    await single.query(`ANALYZE ${large}`);
    const before = await scans();
    expect(await backend.prune(1000)).toBe(1000);
    expect(await backend.prune(5000)).toBe(2000);
    expect(await scans()).toBe(before);
  });

  /** How often the whole of the large table was read. */
  async function scans(): Promise<number> {
    // Counted by this connection, which alone reads it.
    await single.query("SELECT pg_stat_force_next_flush()");
    const { rows: found } = await single.query<{ readonly count: number }>(
      "SELECT seq_scan::int AS count FROM pg_stat_user_tables WHERE relname = $1",
      [large],
    );
    return found[0]!.count;
  }
});
