import { RedisBackend, type RedisBackendOptions } from "@mini/session/redis";
import { testSessionBackend } from "@mini/session/testing";
import { Cluster } from "ioredis";
import { createClientPool, createCluster, createSentinel } from "redis";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { keyOf, recordFor } from "../../support/backends.ts";
import { findRedisServer, startRedisServer, type RedisServer } from "../../support/redis-server.ts";
import { redisClients } from "../../support/redis-clients.ts";
import { connectRedis, type RedisClient } from "../../support/redis.ts";
import { need } from "../../support/skip.ts";

const record = () => recordFor(Date.now(), 3600);

need("redis-server", findRedisServer()).each(redisClients)("a Redis with a replica that changes by $name wait for", ({ connect }) => {
  let primary: RedisServer;
  let replica: RedisServer;
  let admin: RedisClient;
  let client: RedisBackendOptions["client"];
  beforeAll(async () => {
    primary = await startRedisServer();
    replica = await startRedisServer({ arguments: ["--replicaof", "127.0.0.1", String(primary.port)] });
    admin = await connectRedis(primary.url);
    ({ client } = await connect(primary.url));
    await vi.waitFor(async () => expect(await admin.info("replication")).toContain("state=online"), 60_000);
  });

  let prefixes = 0;
  testSessionBackend("RedisBackend", openBackend, { describe, test });

  function openBackend() {
    let time = 1_000_000_000_000;
    const now = () => time;
    const backend = new RedisBackend({ client, prefix: `s${++prefixes}:`, wait: { replicas: 1, timeout: 10_000 }, now });
    return { backend, now, advance: (seconds: number) => void (time += seconds * 1000) };
  }

  test("has each change on the replica when it is answered", async () => {
    const reader = await connectRedis(replica.url);
    const backend = new RedisBackend({ client, prefix: "here:", wait: { replicas: 1, timeout: 10_000 } });
    const version = (await backend.create(keyOf(0), record()))!;
    expect(await reader.hGet(`here:${keyOf(0)}`, "v")).toBe(version);
    const swapped = await backend.swap(keyOf(0), version, record());
    expect(await reader.hGet(`here:${keyOf(0)}`, "v")).toBe(swapped.ok && swapped.version);
    await backend.take(keyOf(0));
    expect(await reader.exists(`here:${keyOf(0)}`)).toBe(0);
  });

  test("that does not reply: changes reject with the number of replicas that have them, and reads succeed", async () => {
    const backend = new RedisBackend({ client, prefix: "silent:", wait: { replicas: 1, timeout: 50 } });
    const version = (await new RedisBackend({ client, prefix: "silent:" }).create(keyOf("there"), record()))!;
    const goOn = await replica.pause();
    onTestFinished(goOn);
    const changes: readonly (readonly [name: string, change: () => Promise<unknown>])[] = [
      ["create", () => backend.create(keyOf("new"), record())],
      ["swap", () => backend.swap(keyOf("there"), version, record())],
      ["touch", () => backend.touch(keyOf("there"), Date.now() + 7_200_000)],
      ["bump", () => backend.owners.bump("user:1")],
      ["add", () => backend.owners.add("user:1", keyOf("there"))],
      ["remove", () => backend.owners.remove("user:1", keyOf("there"))],
      ["take", () => backend.take(keyOf("new"))],
    ];
    for (const [name, change] of changes) {
      await expect(change(), name).rejects.toThrow(
        "Only 0 of 1 replicas of Redis had the change after 50 ms. Check whether the replicas are connected.",
      );
    }
    expect(await backend.read(keyOf("there"))).toBeDefined();
    expect(await backend.owners.epoch("user:1")).toBe(1);
    expect(await backend.owners.keys("user:1")).toEqual([]);
    goOn();
    await vi.waitFor(() => expect(backend.create(keyOf("again"), record())).resolves.toBeTypeOf("string"), 60_000);
  });

  test("goes on after the connection was lost", async () => {
    const backend = new RedisBackend({ client, prefix: "lost:", wait: { replicas: 1, timeout: 10_000 } });
    await admin.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]).catch(() => {});
    await vi.waitFor(async () => expect(await backend.create(keyOf(0), record())).toBeTypeOf("string"), 60_000);
  });
});

test.each([1, 2])(
  "a change whose connection was replaced at step %i is an error, because it is unknown which replicas have it",
  async (step) => {
    const client = {
      socketEpoch: 1,
      withTypeMapping: () => ({ evalSha: () => answer(1), eval: () => answer(1) }),
      wait: () => answer(2),
    };
    const answer = async (during: number) => {
      if (during === step) client.socketEpoch++;
      return 1;
    };
    const backend = new RedisBackend({ client, wait: { replicas: 1, timeout: 50 } });
    await expect(backend.create(keyOf(0), record())).rejects.toThrow(/^The connection to Redis was replaced during a change/);
  },
);

describe("a client that cannot wait is refused at the start:", () => {
  const root = { url: "redis://localhost" };
  const clients: Record<string, RedisBackendOptions["client"]> = {
    "a pool, whose connections take turns": createClientPool(root),
    "a sentinel's client": createSentinel({ name: "main", sentinelRootNodes: [{ host: "localhost", port: 26_379 }] }),
    "a cluster whose keys get a prefix": createCluster({ rootNodes: [root], keyPrefix: "own:" }),
    "a cluster of ioredis, which does not tell its connections": new Cluster([], { lazyConnect: true, retryDelayOnFailover: 0 }),
  };
  test.each(Object.keys(clients))("%s", (name) => {
    expect(() => new RedisBackend({ client: clients[name]!, wait: { replicas: 1, timeout: 500 } })).toThrow(
      /^RedisBackend can wait for replicas only with a client of createClient\(\), one of createCluster\(\) without a keyPrefix, or a Redis of ioredis/,
    );
  });

  test.each([
    { replicas: 0, timeout: 500 },
    { replicas: 1, timeout: 0 },
    { replicas: 1.5, timeout: 500 },
    { replicas: 1, timeout: Infinity },
  ])("%o", (wait) => {
    expect(() => new RedisBackend({ client: createCluster({ rootNodes: [root] }), wait })).toThrow(
      /^RedisBackend needs wait\.(replicas|timeout) to be a whole number of 1 or more/,
    );
  });
});
