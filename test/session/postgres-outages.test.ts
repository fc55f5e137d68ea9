import { PostgresBackend } from "@mini/session/postgres";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keyOf, recordFor } from "../support/backends.ts";
import { makeTables } from "../support/make-tables.ts";
import { startName } from "../support/name.ts";
import { makePostgres, type PostgresServer } from "../support/postgres-server.ts";
import { sessionApp, setCookies, type SessionApp } from "../support/session-app.ts";
import { findPostgres } from "../support/programs.ts";
import { need } from "../support/skip.ts";

const programs = findPostgres();

need("a Postgres of its own", programs)("sessions in a Postgres", () => {
  let server: PostgresServer;
  const pools = new Set<Pool>();
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);

  beforeAll(async () => {
    // As in production: what is answered is on the disk.
    server = await makePostgres(programs!);
    process.on("unhandledRejection", note);
  });

  afterEach(async () => {
    await server.stop();
    const all = [...pools];
    pools.clear();
    await Promise.all(all.map((pool) => pool.end()));
    expect(unhandled.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    process.off("unhandledRejection", note);
    await server?.remove();
  });

  /** An application with a pool of its own, as the documentation says, with times for somebody who cannot wait. */
  async function application({ max = 4, milliseconds = 60_000, table = "mini_sessions" } = {}) {
    const name = `application ${pools.size}`;
    const pool: Pool = new Pool({
      connectionString: server.url,
      application_name: name,
      max,
      connectionTimeoutMillis: milliseconds,
      statement_timeout: milliseconds,
      query_timeout: milliseconds,
    });
    pools.add(pool);
    const broken: string[] = [];
    pool.on("error", ({ message }) => broken.push(message));
    const backend = new PostgresBackend({ pool, table });
    // One that cannot wait comes to a table that is there.
    if (milliseconds === 60_000) await backend.createTable();
    return { ...sessionApp({ backend, now: Date.now, deadline: 600_000 }), name, pool, broken, backend };
  }

  /** Waits until the server has ended what it did for connections that the application has given up. */
  async function untilForgotten(
    { pool }: { readonly pool: Pool },
    { name, pool: { totalCount } }: { readonly name: string; readonly pool: Pool },
  ) {
    const count = async () => {
      const { rows } = await pool.query<{ readonly count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1",
        [name],
      );
      return rows[0]?.count;
    };
    await expect.poll(count, { timeout: 60_000, interval: 10 }).toBe(totalCount);
  }

  const increment = (app: SessionApp, options: Parameters<SessionApp["run"]>[1]) =>
    app.run(async (_store, session) => void (await session()).increment("count"), options);
  const unavailable = { status: 503, retryAfter: "1", cookies: [] };
  const look = async (answer: ReturnType<SessionApp["run"]>) => {
    const response = await answer;
    return { status: response.status, retryAfter: response.headers.get("retry-after"), cookies: setCookies(response) };
  };
  const times = (count: number) => Array.from({ length: count }, (_, index) => index);

  test("lose none of 300 increments by three applications with four connections each", async () => {
    await server.start();
    const apps = await Promise.all(times(3).map(() => application()));
    const [app] = apps;
    await increment(app!, {});
    const cookie = `session=${app!.client.cookies.get("session")}`;
    const answers = apps.flatMap((each) =>
      times(100).map(async () => (await increment(each, { headers: { cookie }, client: each.browser() })).status),
    );
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    expect(await app!.data()).toEqual({ count: 301 });
  });

  test("write no index when they are changed: each page has room for new versions of its rows", async () => {
    await server.start();
    const { pool, backend } = await application({ max: 1, table: "used" });
    const keys = times(200).map(keyOf);
    const made = keys.map((key) => backend.create(key, recordFor(Date.now(), 3600, "x".repeat(1000))));
    const versions = await Promise.all(made);
    for (const key of keys) await backend.touch(key, Date.now() + 3_700_000);
    for (const [index, key] of keys.entries()) await backend.swap(key, versions[index]!, recordFor(Date.now(), 3600, "y".repeat(1000)));
    // Of this connection, which alone has written.
    await pool.query("SELECT pg_stat_force_next_flush()");
    const sql = "SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'used'";
    const { rows } = await pool.query<{ readonly all: number; readonly hot: number }>(sql);
    expect(rows[0]?.all).toBe(400);
    expect(rows[0]?.hot).toBeGreaterThan(390);
  });

  test("are answered 503 while the server is down, and keep every change that was answered", async () => {
    await server.start();
    const app = await application();
    await increment(app, {});
    const cookie = `session=${app.client.cookies.get("session")}`;
    const send = () => look(increment(app, { headers: { cookie }, client: app.browser() }));
    await Promise.all(times(8).map(send));
    expect(await app.data()).toEqual({ count: 9 });
    expect(app.pool.idleCount).toBeGreaterThan(0);

    await server.stop("SIGQUIT");
    // Without a listener each of these would have ended the process.
    await expect.poll(() => app.broken.length).toBeGreaterThan(0);
    expect(await Promise.all(times(8).map(send))).toEqual(times(8).map(() => unavailable));
    expect((await app.run(() => undefined)).status).toBe(200);

    await server.start();
    expect(await send()).toEqual({ status: 200, retryAfter: null, cookies: [] });
    expect(await app.data()).toEqual({ count: 10 });
  });

  test("count each increment that was answered when the server crashes during increments", async () => {
    await server.start();
    const app = await application();
    await increment(app, {});
    const cookie = `session=${app.client.cookies.get("session")}`;
    let [answered, failed] = [1, 0];
    let over = false;
    const chain = async () => {
      while (!over) {
        const { status } = await increment(app, { headers: { cookie }, client: app.browser() });
        if (status === 200) answered++;
        else failed++;
        await new Promise(setImmediate);
      }
    };
    const chains = Promise.all(times(6).map(chain));
    for (let round = 0; round < 2; round++) {
      const [before, failures] = [answered, failed];
      while (answered < before + 50) await new Promise(setImmediate);
      await server.stop("SIGQUIT");
      while (failed === failures) await new Promise(setImmediate);
      await server.start();
    }
    const before = answered;
    while (answered < before + 50) await new Promise(setImmediate);
    over = true;
    await chains;
    const { count } = await app.data();
    expect(count).toBeGreaterThanOrEqual(answered);
    // Of those whose answer was 503 some were committed; who breaks down cannot say which.
    expect(count).toBeLessThanOrEqual(answered + failed);
  });

  test("are answered 503 while another transaction has locked the session, and other sessions are served", async () => {
    await server.start();
    const patient = await application();
    const app = await application({ milliseconds: 400 });
    await increment(patient, {});
    const cookie = `session=${patient.client.cookies.get("session")}`;
    const client = await patient.pool.connect();
    await client.query("BEGIN");
    await client.query("SELECT FROM mini_sessions FOR UPDATE");
    const answers = times(12).map(() => look(increment(app, { headers: { cookie }, client: app.browser() })));
    expect(await Promise.all(answers)).toEqual(answers.map(() => unavailable));
    await app.backend.close();
    expect(app.pool.waitingCount).toBe(0);
    // Nobody was told that these are done, but until the server has ended them they may be done yet.
    await untilForgotten(patient, app);
    await client.query("COMMIT");
    client.release();
    await expect.poll(async () => (await increment(app, { client: app.browser() })).status, { timeout: 60_000 }).toBe(200);
    expect((await increment(patient, {})).status).toBe(200);
    expect(await patient.data()).toEqual({ count: 2 });
  });

  test("are answered 503 while the server is paused, and are served again when it continues", async () => {
    await server.start();
    const patient = await application();
    const app = await application({ milliseconds: 400 });
    await increment(patient, {});
    const headers = { cookie: `session=${patient.client.cookies.get("session")}` };
    const read = () => app.run(async (_store, session) => void (await session()), { headers, client: app.browser() });
    await expect.poll(async () => (await read()).status, { timeout: 60_000 }).toBe(200);
    const goOn = await server.pause();
    try {
      const asked = times(8).map(() => look(read()));
      expect(await Promise.all(asked)).toEqual(asked.map(() => unavailable));
      await app.backend.close();
      expect(app.pool.waitingCount).toBe(0);
    } finally {
      goOn();
    }
    await expect.poll(async () => (await read()).status, { timeout: 60_000 }).toBe(200);
    expect(await patient.data()).toEqual({ count: 1 });
  });

  test("that became a standby lose their connections: sessions go on where the name leads to now", async () => {
    const standby = await makePostgres(programs!);
    for (const each of [server, standby]) {
      await each.start();
      await makeTables(each.url);
    }
    await standby.stop();
    standby.standBy();
    await standby.start();
    const socketOf = ({ url }: PostgresServer) => ({ path: `${new URL(url).searchParams.get("host")}/.s.PGSQL.5432` });
    const name = await startName(socketOf(standby));
    const pool = new Pool({ connectionString: `postgresql://postgres@127.0.0.1:${name.port}/postgres`, max: 4 });
    pool.on("error", () => undefined);
    pools.add(pool);
    const app = sessionApp({ backend: new PostgresBackend({ pool }), now: Date.now, deadline: 600_000 });
    const begin = async () => (await app.run(async (_store, session) => void (await session()).increment("count"))).status;
    expect(await Promise.all([begin(), begin(), begin()])).toEqual([503, 503, 503]);
    name.leadsTo(socketOf(server));
    await expect.poll(begin, { timeout: 60_000, interval: 100 }).toBe(200);
    expect(await Promise.all([begin(), begin(), begin(), begin()])).toEqual([200, 200, 200, 200]);
    await standby.stop();
    await standby.remove();
  });

  // The last one: the server stays a standby.
  test("are not read from a standby, which may still have sessions that have ended", async () => {
    await server.start();
    const { backend } = await application();
    await backend.create(keyOf(0), recordFor(Date.now(), 60));
    await backend.owners.add("user:1", keyOf(0));
    await server.stop();
    server.standBy();
    await server.start();
    const app = await application();
    const reads = [
      () => app.backend.read(keyOf(0)),
      () => app.backend.read(keyOf(1)),
      () => app.backend.owners.epoch("user:1"),
      () => app.backend.owners.keys("user:1"),
      () => app.backend.owners.keys("user:2"),
    ];
    for (const read of reads) {
      await expect(read()).rejects.toThrow(
        "A PostgresBackend reads from a standby server, which may be behind: connect its pool to the primary server.",
      );
    }
    await expect(app.backend.take(keyOf(0))).rejects.toMatchObject({ code: "25006" });
  });
});
