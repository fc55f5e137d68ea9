import type { Response } from "@mini/core";
import { RedisBackend } from "@mini/session/redis";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startName } from "../support/name.ts";
import { redisClients } from "../support/redis-clients.ts";
import { connectRedis } from "../support/redis.ts";
import { findRedisServer, startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { sessionApp, setCookies, type Work } from "../support/session-app.ts";
import { need } from "../support/skip.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
/** Milliseconds; longer than a test may take, so that one that waits for it fails. */
const deadline = 600_000;
const unavailable = { status: 503, retryAfter: "1", cookies: [] };
const look = (response: Response) => ({
  status: response.status,
  retryAfter: response.headers.get("retry-after"),
  cookies: setCookies(response),
});
const change: Work = async (_store, session) => void (await session()).increment("count");
const read: Work = async (_store, session) => void (await session()).get("count");
const end: Work = (store) => store.deleteSession();

need("redis-server", findRedisServer()).each(redisClients)("sessions in a Redis, by $name,", ({ connect }) => {
  let server: RedisServer;
  beforeEach(async () => {
    process.on("unhandledRejection", note);
    server = await startRedisServer();
  });
  afterEach(async () => {
    await server.kill();
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });

  async function begun() {
    const { client, isReady } = await connect(server.url);
    const backend = new RedisBackend({ client });
    const app = sessionApp({ backend, now: Date.now, deadline });
    expect((await app.run(change)).status).toBe(200);
    return { ...app, backend, isReady };
  }

  test("that is down is answered 503 at once and keeps the cookie; other requests are answered, and a new Redis begins empty", async () => {
    const { isReady, run, data } = await begun();
    await server.kill();
    for (const work of [read, change]) expect(look(await run(work))).toEqual(unavailable);
    expect((await run(() => undefined)).status).toBe(200);
    server = await startRedisServer({ port: server.port });
    await vi.waitFor(() => expect(isReady()).toBe(true), 60_000);
    expect(await data()).toEqual({});
    expect(look(await run(change)).status).toBe(200);
    expect(await data()).toEqual({ count: 1 });
  });

  test("that became a replica loses its connection: sessions go on where the name leads to now", async () => {
    const primary = await startRedisServer();
    const name = await startName({ port: server.port, host: "127.0.0.1" });
    const { client } = await connect(`redis://127.0.0.1:${name.port}`);
    const app = sessionApp({ backend: new RedisBackend({ client }), now: Date.now, deadline });
    expect((await app.run(change)).status).toBe(200);
    const admin = await connectRedis(server.url);
    await admin.sendCommand(["REPLICAOF", "127.0.0.1", String(primary.port)]);
    name.leadsTo({ port: primary.port, host: "127.0.0.1" });
    // The connection works, and only this server refuses.
    expect(look(await app.run(change))).toEqual(unavailable);
    await expect.poll(async () => (await app.run(change)).status, { timeout: 60_000, interval: 100 }).toBe(200);
    expect(await app.data()).toEqual({ count: 1 });
    await primary.kill();
  });

  test("that does not reply is answered 503 within the deadline, and what it wrote later is complete", async () => {
    const { client: visitor, backend, data, settle } = await begun();
    const hasty = sessionApp({ backend, now: Date.now, deadline: 300 });
    const headers = { cookie: `session=${visitor.cookies.get("session")}` };
    const run = (work: Work) => hasty.run(work, { headers, client: hasty.browser() });
    const silent = async (work: Work) => {
      const goOn = await server.pause();
      // It is silent for as long as it takes.
      const response = await run(work);
      expect((await run(() => undefined)).status).toBe(200);
      goOn();
      await settle();
      return response;
    };
    expect(look(await silent(read))).toEqual(unavailable);
    expect(look(await silent(change))).toEqual(unavailable);
    expect([1, 2]).toContain((await data())["count"]);
    const ended = look(await silent(end));
    expect(ended).toEqual({ ...unavailable, cookies: [expect.stringMatching(/^session=; .*Max-Age=0/)] });
    expect(await data()).toEqual({});
  });

  test("that has become a replica is answered 503 for every request with a session, and no session ends", async () => {
    const { run, data } = await begun();
    const admin = await connectRedis(server.url);
    await admin.sendCommand(["REPLICAOF", "127.0.0.1", "1"]);
    for (const work of [read, change]) expect(look(await run(work))).toEqual(unavailable);
    await admin.sendCommand(["REPLICAOF", "NO", "ONE"]);
    expect(await data()).toEqual({ count: 1 });
  });
});
