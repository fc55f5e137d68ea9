import { RedisBackend, type RedisBackendOptions, type RedisLike, type RedisScriptsLike } from "@mini/session/redis";
import { createClient } from "redis";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { redisClients } from "../../support/redis-clients.ts";
import { findRedisServer, startRedisServer, type RedisServer } from "../../support/redis-server.ts";
import { connectRedis, type RedisClient } from "../../support/redis.ts";
import { need } from "../../support/skip.ts";

const life = 3600;
const record = () => recordFor(Date.now(), life);

/** Every call that there is, about one session or owner. */
const calls: readonly (readonly [name: string, call: (backend: RedisBackend, name: string) => Promise<unknown>])[] = [
  ["read", (backend, name) => backend.read(keyOf(name))],
  ["create", (backend, name) => backend.create(keyOf(name), record())],
  ["swap", (backend, name) => backend.swap(keyOf(name), "1", record())],
  ["touch", (backend, name) => backend.touch(keyOf(name), Date.now() + 2000 * life)],
  ["take", (backend, name) => backend.take(keyOf(name))],
  ["owners.epoch", (backend, name) => backend.owners.epoch(name)],
  ["owners.bump", (backend, name) => backend.owners.bump(name)],
  ["owners.add", (backend, name) => backend.owners.add(name, keyOf(name))],
  ["owners.remove", (backend, name) => backend.owners.remove(name, keyOf(name))],
  ["owners.keys", (backend, name) => backend.owners.keys(name)],
];

/** Milliseconds. */
const socketTimeout = 1500;

/** A client whose commands do what the test says. */
const clientOf = (commands: RedisScriptsLike): RedisLike => ({ withTypeMapping: () => commands });

describe("an error of Redis rejects, and is never mistaken for a session that is gone:", () => {
  const messages = [
    "READONLY You can't write against a read only replica.",
    "LOADING Redis is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOPERM User default has no permissions",
    "ERR unknown command",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
  ];
  test.each(messages)("%s", async (message) => {
    const error = new Error(message);
    const backend = new RedisBackend({ client: clientOf({ evalSha: () => Promise.reject(error), eval: () => Promise.resolve(null) }) });
    for (const [, call] of calls) await expect(call(backend, "one")).rejects.toBe(error);
    await backend.close();
  });

  test("NOSCRIPT once more when the whole script was sent", async () => {
    const error = new Error("NOSCRIPT No matching script. Please use EVAL.");
    const sent: string[] = [];
    const reject = (script: string) => {
      sent.push(script);
      return Promise.reject(error);
    };
    const backend = new RedisBackend({ client: clientOf({ evalSha: reject, eval: reject }) });
    await expect(backend.read(keyOf(0))).rejects.toBe(error);
    expect(sent).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/), expect.stringContaining("redis.call")]);
  });
});

test("close waits for operations under way, and leaves the client open", async () => {
  const answers: (() => void)[] = [];
  const evalSha = () => new Promise<unknown>((resolve) => answers.push(() => resolve(null)));
  const backend = new RedisBackend({ client: clientOf({ evalSha, eval: evalSha }) });
  const done: string[] = [];
  const reading = backend.read(keyOf(0)).then(() => done.push("read"));
  const closing = backend.close().then(() => done.push("closed"));
  await new Promise(setImmediate);
  expect(done).toEqual([]);
  for (const answer of answers) answer();
  await Promise.all([reading, closing]);
  expect(done).toEqual(["read", "closed"]);
});

need("redis-server", findRedisServer()).each(redisClients)("a Redis server, by $name,", ({ connect }) => {
  let server: RedisServer;
  /** Opened by the test itself, beside that of the backend. */
  let client: RedisClient;
  let given: RedisBackendOptions["client"];
  let isReady: () => boolean;
  let backend: RedisBackend;
  beforeAll(async () => {
    server = await startRedisServer();
    client = await connectRedis(server.url);
    ({ client: given, isReady } = await connect(server.url));
    backend = new RedisBackend({ client: given });
  });

  test("that has lost its scripts gets them again, once", async () => {
    await backend.create(keyOf("kept"), record());
    await client.scriptFlush();
    await client.configResetStat();
    for (const [name, call] of calls) await expect(call(backend, "forgotten"), name).resolves.not.toThrow();
    for (const [, call] of calls) await call(backend, "remembered");
    const counts = await client.info("commandstats");
    expect(/cmdstat_eval:calls=(\d+)/.exec(counts)?.[1]).toBe(String(calls.length));
    expect(await backend.read(keyOf("kept"))).toBeDefined();
  });

  // As a client of Sentinel does, which asks again when it has lost the connection.
  test("that gets a call a second time, because its reply was lost, writes once and reports success", async () => {
    const commands = client.withTypeMapping({ 36: Buffer });
    const twice = clientOf({
      evalSha: (sha, options) => commands.evalSha(sha, options).then(() => commands.evalSha(sha, options)),
      eval: (text, options) => commands.eval(text, options).then(() => commands.eval(text, options)),
    });
    const insistent = new RedisBackend({ client: twice });
    const version = (await insistent.create(keyOf("twice"), record()))!;
    expect((await backend.read(keyOf("twice")))?.version).toBe(version);
    const swapped = await insistent.swap(keyOf("twice"), version, record());
    expect(swapped).toEqual({ ok: true, version: (await backend.read(keyOf("twice")))?.version });
  });

  test("that is out of memory rejects writes, and still reads and removes", async () => {
    const version = (await backend.create(keyOf("full"), record()))!;
    await client.configSet("maxmemory", "1");
    try {
      await expect(backend.create(keyOf("new"), record())).rejects.toThrow(/OOM/);
      await expect(backend.swap(keyOf("full"), version, record())).rejects.toThrow(/OOM/);
      await expect(backend.owners.add("user:1", keyOf("full"))).rejects.toThrow(/OOM/);
      expect((await backend.read(keyOf("full")))?.version).toBe(version);
      expect((await backend.take(keyOf("full")))?.version).toBe(version);
    } finally {
      await client.configSet("maxmemory", "0");
    }
    expect(await backend.read(keyOf("full"))).toBeUndefined();
    expect(await backend.read(keyOf("new"))).toBeUndefined();
  });

  test("that lacks the replicas it needs for writing can still be read, and reports no session as gone", async () => {
    const version = (await backend.create(keyOf("alone"), record()))!;
    await client.configSet("min-replicas-to-write", "1");
    try {
      expect((await backend.read(keyOf("alone")))?.version).toBe(version);
      for (const name of ["take", "touch", "owners.bump", "owners.add"]) {
        await expect(calls.find(([other]) => other === name)![1](backend, "alone"), name).rejects.toThrow(/NOREPLICAS/);
      }
      await expect(backend.create(keyOf("new"), record())).rejects.toThrow(/NOREPLICAS/);
      await expect(backend.swap(keyOf("alone"), version, record())).rejects.toThrow(/NOREPLICAS/);
    } finally {
      await client.configSet("min-replicas-to-write", "0");
    }
    expect((await backend.read(keyOf("alone")))?.version).toBe(version);
  });

  describe("that is a replica refuses every call,", () => {
    let replica: RedisServer;
    let replicaClient: RedisClient;
    let stale: RedisBackendOptions["client"];
    const linkIs = (status: string) =>
      vi.waitFor(async () => expect(await replicaClient.info("replication")).toContain(`master_link_status:${status}`), 60_000);
    beforeAll(async () => {
      await backend.create(keyOf("there"), record());
      await backend.owners.add("there", keyOf("there"));
      const follow = ["--replicaof", "127.0.0.1", String(server.port)];
      replica = await startRedisServer({ arguments: [...follow, "--repl-diskless-load", "swapdb", "--replica-serve-stale-data", "no"] });
      replicaClient = await connectRedis(replica.url);
      ({ client: stale } = await connect(replica.url));
      await linkIs("up");
    });

    test.each(calls)("%s, for existing and missing sessions", async (_name, call) => {
      for (const name of ["there", "nowhere"]) await expect(call(new RedisBackend({ client: stale }), name)).rejects.toThrow(/READONLY/);
    });

    test("and when it has lost its primary", async () => {
      const other = await startRedisServer();
      await replicaClient.sendCommand(["REPLICAOF", "127.0.0.1", String(other.port)]);
      await other.kill();
      await linkIs("down");
      for (const [name, call] of calls)
        await expect(call(new RedisBackend({ client: stale }), "there"), name).rejects.toThrow(/MASTERDOWN/);
    });
  });

  test("that is down rejects at once, and one that comes back empty has no session and makes new ones", async () => {
    const version = (await backend.create(keyOf("before"), record()))!;
    await backend.owners.bump("user:2");
    await server.kill();
    for (const [name, call] of calls) await expect(call(backend, "before"), name).rejects.toThrow();
    server = await startRedisServer({ port: server.port });
    await vi.waitFor(() => expect([client.isReady, isReady()]).toEqual([true, true]), 60_000);
    expect(await backend.read(keyOf("before"))).toBeUndefined();
    expect(await backend.swap(keyOf("before"), version, record())).toEqual({ ok: false, current: undefined });
    expect(await backend.touch(keyOf("before"), Date.now() + 2000 * life)).toBe(false);
    expect(await backend.take(keyOf("before"))).toBeUndefined();
    expect(await backend.owners.epoch("user:2")).toBe(0);
    expect(await backend.create(keyOf("before"), record())).toBeTypeOf("string");
  });

  test.each([
    ["after a call", 0],
    ["when 100 calls wait, though more come all the time", 1],
  ])("that is connected and does not reply is given up %s, and is used again when it replies", async (_title, more) => {
    const { client: patient, isReady: isReadyAgain, end } = await connect(server.url, { socketTimeout, most: 100 });
    onTestFinished(end);
    const own = new RedisBackend({ client: patient });
    await own.take(keyOf("silent"));
    await own.create(keyOf("silent"), record());
    const goOn = await server.pause();
    const first = own.read(keyOf("silent"));
    const timer = setInterval(() => {
      for (let count = 0; count < more; count++) own.read(keyOf("silent")).catch(() => {});
    }, 1);
    try {
      await expect(first).rejects.toThrow(/timeout|max retries/);
    } finally {
      clearInterval(timer);
      goOn();
    }
    await vi.waitFor(() => expect(isReadyAgain()).toBe(true), 60_000);
    expect(await own.read(keyOf("silent"))).toBeDefined();
    await own.close();
  });
});

// The clients of ioredis and iovalkey only count while they wait for an answer.
need("redis-server", findRedisServer())("a Redis server, by redis with a socketTimeout,", () => {
  test("that gets no calls keeps its connection beyond the idle timeout of the server", async () => {
    const made = createClient({
      url: (await startRedisServer()).url,
      disableOfflineQueue: true,
      pingInterval: 50,
      socket: { socketTimeout },
    });
    const errors: unknown[] = [];
    made.on("error", (error) => errors.push(error));
    await made.connect();
    onTestFinished(() => made.destroy());
    let pings = 0;
    const longEnough = new Promise<void>((resolve) => {
      made.on("ping-interval", () => void (++pings > (1.2 * socketTimeout) / 50 && resolve()));
    });
    await longEnough;
    expect(errors).toEqual([]);
  });
});
