import { DatabaseSync } from "@photostructure/sqlite";
import type { SessionBackend } from "@mini/session";
import { CachedBackend, MemcachedCache } from "@mini/session/cached";
import { LmdbBackend } from "@mini/session/lmdb";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { SqliteBackend } from "@mini/session/sqlite";
import { patience } from "./within.ts";

/**
 * Opens the backend that a process of a test is told to use: `lmdb <path>`, `sqlite <path>`, `redis <url> <prefix>`, ... Loads
 * only the driver of that backend, because such processes are started often.
 */
export async function openBackend(args: readonly string[]): Promise<SessionBackend> {
  const [kind, at = "", name = "", cache = ""] = args;
  switch (kind) {
    case "lmdb": {
      const { open } = await import("lmdb");
      return new LmdbBackend({ root: open({ path: at, overlappingSync: false }) });
    }
    case "sqlite":
      // Longer than a process waits on a busy machine, so that an error here is an error of the file.
      return new SqliteBackend({ database: new DatabaseSync(at), busyTimeout: 30_000 });
    case "redis": {
      const { createClient } = await import("redis");
      const client = createClient({ url: at });
      client.on("error", () => {});
      return new RedisBackend({ client: await client.connect(), prefix: name });
    }
    case "ioredis":
    case "iovalkey": {
      const { Redis } = kind === "ioredis" ? await import("ioredis") : await import("iovalkey");
      const client = new Redis(at, { lazyConnect: true, maxRetriesPerRequest: 0 });
      await client.connect();
      return new RedisBackend({ client, prefix: name });
    }
    case "postgres": {
      const { Pool } = await import("pg");
      const pool = new Pool({ connectionString: at, max: 8 });
      // Without a listener, a server that stops would end this process.
      pool.on("error", () => undefined);
      return new PostgresBackend({ pool, table: name });
    }
    case "cached": {
      const { Client } = await import("memjs");
      // Longer than memcached takes on a busy machine: a cache that does not answer in time makes log-outs fail.
      const client = Client.create(cache, { timeout: patience / 1000, retries: 0 });
      return new CachedBackend({
        backend: await openBackend(["postgres", at, name]),
        cache: new MemcachedCache({ client }),
        timeout: patience,
      });
    }
    case undefined:
    default:
      throw new Error(`There is no backend ${kind}.`);
  }
}
