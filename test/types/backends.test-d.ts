// Checked by the compiler alone: the real clients are what the backends ask for, and nothing less is.
import type { SessionBackend } from "@mini/session";
import { MemoryBackend } from "@mini/session";
import { LmdbBackend, type LmdbDatabaseLike, type LmdbLike } from "@mini/session/lmdb";
import { PostgresBackend, type PostgresLike } from "@mini/session/postgres";
import { RedisBackend, type IoredisLike, type RedisLike } from "@mini/session/redis";
import { SqliteBackend, type SqliteLike } from "@mini/session/sqlite";
import { testSessionBackend, type BackendBench } from "@mini/session/testing";
import { DatabaseSync } from "@photostructure/sqlite";
import Better from "better-sqlite3";
import { open, type Database, type RootDatabase } from "lmdb";
import * as nodeTest from "node:test";
import { Client, Pool, type PoolClient } from "pg";
import { Cluster as IoredisCluster, Redis as Ioredis } from "ioredis";
import { Cluster as IovalkeyCluster, Redis as Iovalkey } from "iovalkey";
import { RESP_TYPES, createClient, createClientPool, createCluster, createSentinel } from "redis";
import * as vitest from "vitest";

const root: LmdbLike = open({ path: "sessions" });
const typed: LmdbLike = open<{ readonly some: "value" }, string>({ path: "sessions", cache: true, useVersions: true });
export const behind = (database: Database<Uint8Array, Uint8Array>): LmdbDatabaseLike => database;
const [ofNode, better]: readonly SqliteLike[] = [new DatabaseSync("sessions.db"), new Better("sessions.db")];
const pool: PostgresLike = new Pool({ connectionString: "postgres://localhost" });
export const backends: readonly SessionBackend[] = [
  new LmdbBackend({ root }),
  new LmdbBackend({ root: typed, name: "sessions", now: () => 0 }),
  new LmdbBackend({ root: open({ path: "sessions" }), name: undefined, now: undefined }),
  new SqliteBackend({ database: new DatabaseSync("sessions.db") }),
  new SqliteBackend({ database: ofNode!, table: "app_sessions", busyTimeout: 300, now: () => 0 }),
  new SqliteBackend({ database: better!, table: undefined, busyTimeout: undefined, now: undefined }),
  new PostgresBackend({ pool }),
  new PostgresBackend({ pool: new Pool(), table: "app.sessions", prepare: false, now: () => 0 }),
  new PostgresBackend({ pool: new Pool(), table: undefined, prepare: undefined, now: undefined }),
  new MemoryBackend(),
  new MemoryBackend({ limit: undefined, now: undefined }),
];
// @ts-expect-error a client is needed
new LmdbBackend({});
// @ts-expect-error the client, not its path
new LmdbBackend({ root: "sessions" });
// @ts-expect-error a named database cannot open others
export const database = (one: Database): LmdbBackend => new LmdbBackend({ root: one });
export const client = (one: RootDatabase): LmdbBackend => new LmdbBackend({ root: one });
// @ts-expect-error a database is needed
new SqliteBackend({});
// @ts-expect-error the database, not its path
new SqliteBackend({ database: "sessions.db" });
// @ts-expect-error a pool is needed
new PostgresBackend({});
// @ts-expect-error the pool, not its URL
new PostgresBackend({ pool: "postgres://localhost" });
// @ts-expect-error a pool, not one connection
new PostgresBackend({ pool: new Client() });
// @ts-expect-error a pool, not one connection of it
export const connection = (one: PoolClient): PostgresBackend => new PostgresBackend({ pool: one });

const bench: BackendBench = { backend: new MemoryBackend(), now: () => 0, advance: async () => {} };
testSessionBackend("of node:test", () => bench, nodeTest);
testSessionBackend("of vitest", async () => bench, vitest);
testSessionBackend("of both", () => bench, { describe: nodeTest.describe, test: vitest.test });
// @ts-expect-error without a clock nothing can be said about time
testSessionBackend("of node:test", () => ({ backend: new MemoryBackend(), advance: () => {} }), nodeTest);

const single: RedisLike = createClient({ url: "redis://localhost", disableOfflineQueue: true });
const connected: RedisLike = await createClient().connect();
const resp2: RedisLike = createClient({ RESP: 2, commandOptions: { typeMapping: { [RESP_TYPES.NUMBER]: String } } });
const cluster: RedisLike = createCluster({ rootNodes: [{ url: "redis://localhost" }], useReplicas: true });
const clientPool: RedisLike = createClientPool({ url: "redis://localhost" });
const sentinel: RedisLike = createSentinel({ name: "main", sentinelRootNodes: [{ host: "localhost", port: 26_379 }] });
const ofIoredis: readonly IoredisLike[] = [new Ioredis(), new IoredisCluster([]), new Iovalkey({ name: "main" }), new IovalkeyCluster([])];
export const inRedis: readonly SessionBackend[] = [
  ...[single, connected, resp2, cluster, clientPool, sentinel].map((client) => new RedisBackend({ client })),
  ...ofIoredis.map((client) => new RedisBackend({ client })),
  new RedisBackend({ client: createClient(), prefix: "mini:", now: () => 0 }),
  new RedisBackend({ client: createClient(), prefix: undefined, now: undefined }),
];
// @ts-expect-error a client is needed
new RedisBackend({});
// @ts-expect-error the client, not its address
new RedisBackend({ client: "redis://localhost" });
// @ts-expect-error the client, not the promise of it
new RedisBackend({ client: createClient().connect() });
