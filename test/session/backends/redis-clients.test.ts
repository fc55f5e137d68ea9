import { EventEmitter } from "node:events";
import { RedisCache } from "@mini/session/cached";
import { RedisBackend, type IoredisLike, type RedisBackendOptions } from "@mini/session/redis";
import { Cluster, Redis } from "ioredis";
import { Cluster as IovalkeyCluster, Redis as Iovalkey } from "iovalkey";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bytes, keyOf, recordFor } from "../../support/backends.ts";
import { startName } from "../../support/name.ts";
import { connectRedis, redisServer, sharedRedis } from "../../support/redis.ts";
import { redisClients } from "../../support/redis-clients.ts";
import { findRedisServer, startRedisServer } from "../../support/redis-server.ts";
import { need } from "../../support/skip.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";

const redis = await sharedRedis();
const once = { lazyConnect: true, maxRetriesPerRequest: 0 } as const;
const kinds = [
  { name: "ioredis", Redis, Cluster },
  { name: "iovalkey", Redis: Iovalkey, Cluster: IovalkeyCluster },
] as const;

describe.each(kinds)("a client of $name is refused at the start", (kind) => {
  const cluster = { lazyConnect: true, retryDelayOnFailover: 0 } as const;
  const refused: readonly (readonly [title: string, client: IoredisLike, message: RegExp])[] = [
    ["that sends commands again by default", new kind.Redis({ lazyConnect: true }), /Give it maxRetriesPerRequest: 0\.$/],
    ["that sends commands again for ever", new kind.Redis({ ...once, maxRetriesPerRequest: null }), /maxRetriesPerRequest: 0\.$/],
    [
      // These clients drop commands that were sent before, without an error.
      "that does not send them again, and never answers them",
      new kind.Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false }),
      /maxRetriesPerRequest: 0\.$/,
    ],
    ["that is for replicas of a cluster", new kind.Redis({ ...once, readOnly: true }), /Leave out readOnly and role/],
    [
      "that asks Sentinel for a replica",
      new kind.Redis({ ...once, name: "main", sentinels: [{ host: "localhost" }], role: "slave" }),
      /Leave out readOnly and role: "slave"\.$/,
    ],
    ["that gathers commands in pipelines", new kind.Redis({ ...once, enableAutoPipelining: true }), /Leave out enableAutoPipelining\.$/],
    ["of a cluster that sends commands again by default", new kind.Cluster([], { lazyConnect: true }), /retryDelayOnFailover: 0\.$/],
    [
      "of a cluster that gathers commands in pipelines",
      new kind.Cluster([], { ...cluster, enableAutoPipelining: true }),
      /Leave out enableAutoPipelining\.$/,
    ],
  ];
  test.each(refused)("%s", (_title, client, message) => {
    for (const [what, use] of [
      ["RedisBackend", () => new RedisBackend({ client })],
      ["RedisCache", () => new RedisCache({ client })],
    ] as const) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(message);
      expect(use).toThrow(new RegExp(`^${what} cannot use this client of ioredis or iovalkey: `));
    }
  });
});

test("a client of a cluster of ioredis whose nodes send commands again is refused, and one whose nodes do not is taken", () => {
  const options = { lazyConnect: true, retryDelayOnFailover: 0, clusterNodeRetryStrategy: () => 50 } as const;
  expect(() => new RedisBackend({ client: new Cluster([], options) })).toThrow(/it needs redisOptions: { maxRetriesPerRequest: 0 }/);
  const client = new Cluster([], { ...options, redisOptions: { maxRetriesPerRequest: 0 } });
  expect(new RedisBackend({ client })).toBeInstanceOf(RedisBackend);
});

class GlideClient extends EventEmitter {
  invokeScript(): void {}
}

test.each([
  ["an object of the class Client", new (class Client {})()],
  ["a client of @valkey/valkey-glide (GlideClient)", new GlideClient()],
  ["a promise: await it", Promise.resolve()],
  ["a value of the type string", "redis://:secret@localhost"],
])("a value that is not a client is refused, and its type is named: %s", (name, given) => {
  const open = () => new RedisBackend({ client: given as unknown as RedisBackendOptions["client"] });
  expect(open).toThrow(`A Redis or a Cluster of ioredis or iovalkey can be given too, but not ${name}.`);
  expect(open).not.toThrow(/secret/);
});

need(redisServer, redis).each(kinds)("a Redis of $name", (kind) => {
  /** A client of its own for the test. */
  function make(options: object = {}) {
    const client = new kind.Redis(redis!.url, { ...once, ...options });
    (client as EventEmitter).on("error", () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }

  test("that has not connected refuses calls, and says what to do", async () => {
    const backend = new RedisBackend({ client: make() });
    await expect(backend.read(keyOf(0))).rejects.toThrow("The client of Redis has not connected: await its connect() before it is used.");
  });

  test("that was closed refuses calls", async () => {
    const client = make();
    await client.connect();
    await client.quit();
    await vi.waitFor(() => expect(client.status).toBe("end"), 60_000);
    await expect(new RedisBackend({ client }).read(keyOf(0))).rejects.toThrow('Its status is "end".');
  });

  test("that listens to channels refuses calls", async () => {
    const client = make();
    await client.connect();
    await client.subscribe("channel");
    await expect(new RedisBackend({ client }).read(keyOf(0))).rejects.toThrow(/subscriber mode/);
  });

  test("may have a keyPrefix, which is before every key, and its sessions are listed", async () => {
    const prefix = redis!.prefix();
    const client = make({ keyPrefix: `${prefix}own[1]:` });
    await client.connect();
    const backend = new RedisBackend({ client });
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    const version = await backend.create(keyOf(0), { ...recordFor(Date.now(), 60), data });
    expect((await backend.read(keyOf(0)))?.data).toEqual(data);
    expect(await redis!.client.hGet(`${prefix}own[1]:mini:session:${keyOf(0)}`, "v")).toBe(version);
    const listed: unknown[] = [];
    for await (const [key] of backend.all()) listed.push(key);
    expect(listed).toEqual([keyOf(0)]);
  });

  test("returns bytes even if replies are numbers as text and another database is selected", async () => {
    const client = make({ stringNumbers: true, db: 1 });
    await client.connect();
    const backend = new RedisBackend({ client, prefix: redis!.prefix() });
    onTestFinished(async () => void (await backend.take(keyOf(0))));
    const version = await backend.create(keyOf(0), recordFor(Date.now(), 60, "data"));
    expect(await backend.read(keyOf(0))).toMatchObject({ version, data: bytes("data") });
    expect(await backend.create(keyOf(0), recordFor(Date.now(), 60))).toBeUndefined();
    expect(await backend.touch(keyOf(0), Date.now() + 1000)).toBe(true);
  });
});

need("redis-server", findRedisServer()).each(kinds)("a connection of $name that is lost before the reply to a change", (kind) => {
  /** A backend whose connection goes through a proxy, after its first change. */
  async function throughProxy() {
    const server = await startRedisServer();
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: server.port });
    const client = new kind.Redis(`redis://127.0.0.1:${proxy.port}`, { ...once, retryStrategy: () => 20 });
    (client as EventEmitter).on("error", () => {});
    onTestFinished(() => client.disconnect());
    await client.connect();
    const backend = new RedisBackend({ client });
    await backend.owners.bump("user:1");
    return { proxy, client, backend };
  }

  test("rejects the change, which is made once and not sent again", async () => {
    const { proxy, client, backend } = await throughProxy();
    await proxy.set({ cut: "reset", after: 0 });
    await expect(backend.owners.bump("user:1")).rejects.toThrow(/max retries per request/);
    await vi.waitFor(() => expect(client.status).toBe("ready"), 60_000);
    expect(await backend.owners.epoch("user:1")).toBe(2);
    // close() must not wait for a reply that never comes.
    await backend.close();
  });

  test("and every call while there is no connection is refused at once, and not made later", async () => {
    const { proxy, client, backend } = await throughProxy();
    await proxy.set("refuses");
    await vi.waitFor(() => expect(client.status).toBe("reconnecting"), 60_000);
    for (let count = 0; count < 20; count++) await expect(backend.owners.bump("user:1")).rejects.toThrow(/^The client of Redis has no/);
    await proxy.set("passes");
    await vi.waitFor(async () => expect(await backend.owners.epoch("user:1")).toBe(1), 60_000);
  });
});

need("redis-server", findRedisServer()).each(redisClients)("RedisCache by $name", ({ connect }) => {
  test("keeps all 256 bytes, adds only what is not there, and forgets what was deleted", async () => {
    const cache = new RedisCache({ client: (await connect((await startRedisServer()).url)).client });
    const all256 = Uint8Array.from({ length: 256 }, (_, index) => index);
    await cache.set("a", all256, 30);
    await cache.add("a", bytes("other"), 30);
    await cache.add("b", bytes("added"), 30);
    expect([...(await cache.get("a"))!]).toEqual([...all256]);
    expect(Buffer.from((await cache.get("b"))!).toString()).toBe("added");
    await cache.delete("a");
    await cache.delete("a");
    expect(await cache.get("a")).toBeUndefined();
  });

  test("closes the connection to a server that became a replica, and goes on where the name leads to now", async () => {
    const [first, second] = await Promise.all([startRedisServer(), startRedisServer()]);
    const name = await startName({ port: first.port, host: "127.0.0.1" });
    const cache = new RedisCache({ client: (await connect(`redis://127.0.0.1:${name.port}`)).client });
    await cache.set("a", bytes("first"), 30);
    const admin = await connectRedis(first.url);
    await admin.sendCommand(["REPLICAOF", "127.0.0.1", String(second.port)]);
    name.leadsTo({ port: second.port, host: "127.0.0.1" });
    await expect(cache.set("a", bytes("second"), 30)).rejects.toThrow(/^READONLY/);
    await expect
      .poll(
        () =>
          cache.set("a", bytes("third"), 30).then(
            () => "kept",
            () => "refused",
          ),
        { timeout: 60_000 },
      )
      .toBe("kept");
    expect(await (await connectRedis(second.url)).exists("a")).toBe(1);
  });
});
