import { LmdbBackend } from "@mini/session/lmdb";
import { RedisBackend } from "@mini/session/redis";
import { MemoryBackend, type SessionBackend } from "@mini/session";
import { PostgresBackend } from "@mini/session/postgres";
import { CachedBackend, MemcachedCache } from "@mini/session/cached";
import { SqliteBackend } from "@mini/session/sqlite";
import { open } from "lmdb";
import { afterAll, beforeAll } from "vitest";
import { temporaryFolder } from "./folder.ts";
import { memcachedClient, memcachedServer, sharedMemcached } from "./memcached-server.ts";
import { findPostgresUrl, newTable, openPool } from "./postgres.ts";
import { redisServer, sharedRedis, type SharedRedis } from "./redis.ts";
import { redisClients } from "./redis-clients.ts";
import { need } from "./skip.ts";
import { openSqlite, sqlitePath, type SqliteDatabase } from "./sqlite.ts";
import { patience } from "./within.ts";

/** A place where sessions are kept, for tests that apply to every such place. */
export interface Medium {
  readonly name: string;
  /** Whether the cookie contains only an id. */
  readonly isServerSide: boolean;
  /** Whether a read may return an older session than the one that is kept. */
  readonly isCached: boolean;
  /** A number of characters that is too large for a session. */
  readonly tooMuch: number;
  /** @param now - Clock, in milliseconds since the Unix epoch. */
  open(now: () => number): SessionBackend | "securecookie";
}

function lmdb(): Medium["open"] {
  let root: ReturnType<typeof open> | undefined;
  const path = temporaryFolder();
  afterAll(() => root?.close());
  return (now) => new LmdbBackend({ root: (root ??= open({ path, overlappingSync: false })), now });
}

function sqlite(): Medium["open"] {
  let database: SqliteDatabase | undefined;
  const path = sqlitePath();
  afterAll(() => void database?.close());
  return (now) => new SqliteBackend({ database: (database ??= openSqlite(path)), now });
}

function redisMedium({ client, prefix }: SharedRedis): Medium["open"] {
  return (now) => new RedisBackend({ client, prefix: prefix(), now });
}

async function ioredisMedium({ url, prefix }: SharedRedis): Promise<Medium["open"]> {
  const { client } = await redisClients.find(({ name }) => name === "ioredis")!.connect(url);
  return (now) => new RedisBackend({ client, prefix: prefix(), now });
}

/** For runs that repeat their tests very often: without servers and files. */
const memoryOnly = process.env.MINI_MEDIA === "memory";

/** The memory of this process, so that the cache is the only difference. */
function cachedMedium(address: string): Medium["open"] {
  const cache = new MemcachedCache({ client: memcachedClient(address) });
  return (now) => new CachedBackend({ backend: new MemoryBackend({ now }), cache, timeout: patience, now });
}

function postgres(url: string): Medium["open"] {
  const pool = openPool(url);
  const table = newTable(pool);
  beforeAll(() => new PostgresBackend({ pool, table }).createTable());
  return (now) => new PostgresBackend({ pool, table, now });
}

/** The places with a backend, for the tests of one file. */
export async function serverSideMedia(): Promise<readonly Medium[]> {
  const [redis, memcached, postgresUrl] = memoryOnly ? [] : await Promise.all([sharedRedis(), sharedMemcached(), findPostgresUrl()]);
  if (!memoryOnly) {
    need(redisServer, redis);
    need(memcachedServer, memcached);
    need("Postgres", postgresUrl);
  }
  const media = [
    { name: "memory", open: (now: () => number) => new MemoryBackend({ now }) },
    ...(memoryOnly
      ? []
      : [
          { name: "LMDB", open: lmdb() },
          { name: "SQLite", open: sqlite() },
        ]),
    ...(redis === undefined ? [] : [{ name: "Redis", open: redisMedium(redis) }]),
    ...(memcached === undefined ? [] : [{ name: "memory behind memcached", open: cachedMedium(memcached) }]),
    ...(postgresUrl === undefined ? [] : [{ name: "Postgres", open: postgres(postgresUrl) }]),
  ];
  return media.map((medium) => ({ ...medium, isServerSide: true, isCached: medium.name.includes(" behind "), tooMuch: 65_536 }));
}

/** Redis by the client of ioredis, for the tests of races, which every client must pass. */
export async function ioredisMedia(): Promise<readonly Medium[]> {
  const redis = memoryOnly ? undefined : await sharedRedis();
  if (redis === undefined) return [];
  return [{ name: "Redis by ioredis", open: await ioredisMedium(redis), isServerSide: true, isCached: false, tooMuch: 65_536 }];
}

/** All places, for the tests of one file. */
export async function everyMedium(): Promise<readonly Medium[]> {
  const inCookies: Medium = { name: "their cookies", isServerSide: false, isCached: false, tooMuch: 4096, open: () => "securecookie" };
  return [inCookies, ...(await serverSideMedia())];
}
