import { MemcachedCache, RedisCache, type SessionCache } from "@mini/session/cached";
import { Client } from "memjs";
import { createClient } from "redis";
import { findMemcached, startMemcached } from "./memcached-server.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";

/** A real cache server of the test's own. */
export interface CacheServer {
  readonly port: number;
  /** A cache with a driver of its own that reaches the server by a port. */
  readonly connect: (port: number) => Promise<ConnectedCache>;
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => void;
  /** Kills it, as if its machine was lost. */
  readonly kill: () => Promise<void>;
  /** Starts it again where it was, empty. */
  readonly startAgain: () => Promise<void>;
}

export interface ConnectedCache {
  readonly cache: SessionCache;
  readonly end: () => void;
}

/** Every kind of server that this machine may have. */
export const cacheServers: readonly {
  readonly name: string;
  /** What the tests need, for messages, and whether this machine has it. */
  readonly needs: readonly [what: string, found: unknown];
  readonly start: () => Promise<CacheServer>;
}[] = [
  { name: "memcached", needs: ["memcached", findMemcached()], start: memcached },
  { name: "Redis", needs: ["redis-server", findRedisServer()], start: redis },
];

async function memcached(): Promise<CacheServer> {
  let server = await startMemcached();
  const { port } = server;
  return {
    port,
    connect(through) {
      const client = Client.create(`127.0.0.1:${through}`, { timeout: 0.2, retries: 0, logger: { log: () => undefined } });
      return Promise.resolve({ cache: new MemcachedCache({ client }), end: () => client.close() });
    },
    signal: (signal) => server.signal(signal),
    kill: () => server.kill(),
    async startAgain() {
      server = await startMemcached({ port });
    },
  };
}

async function redis(): Promise<CacheServer> {
  let server = await startRedisServer();
  const { port } = server;
  return {
    port,
    async connect(through) {
      // As for a RedisBackend, with shorter times.
      const client = createClient({
        url: `redis://127.0.0.1:${through}`,
        disableOfflineQueue: true,
        commandsQueueMaxLength: 1000,
        pingInterval: 200,
        socket: { connectTimeout: 2000, socketTimeout: 600, reconnectStrategy: (retries) => Math.min(50 * retries, 200) },
      });
      client.on("error", () => undefined);
      await client.connect();
      return { cache: new RedisCache({ client }), end: () => client.destroy() };
    },
    signal: (signal) => server.signal(signal),
    kill: () => server.kill(),
    async startAgain() {
      server = await startRedisServer({ port });
    },
  };
}
