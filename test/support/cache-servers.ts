import { MemcachedCache, RedisCache, type SessionCache } from "@mini/session/cached";
import { Client } from "memjs";
import { processes } from "./long-run.ts";
import { findMemcached, startMemcached } from "./memcached-server.ts";
import { redisClients, type RedisClientKind } from "./redis-clients.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";

/** A real cache server, started for the test. */
export interface CacheServer {
  readonly port: number;
  /** A cache with its own driver, which reaches the server through a port. */
  readonly connect: (port: number) => Promise<ConnectedCache>;
  /** Pauses it. Returns what lets it continue. */
  readonly pause: () => Promise<() => void>;
  /** Kills it, as if its machine was lost. */
  readonly kill: () => Promise<void>;
  /** Starts it again where it was, empty. */
  readonly startAgain: () => Promise<void>;
}

export interface ConnectedCache {
  readonly cache: SessionCache;
  readonly end: () => void;
}

/** A long run has all of them. */
const someRedisClients = redisClients.filter(({ name }) => name === "redis" || processes > 1);

/** Every kind of server that this machine may have. */
export const cacheServers: readonly {
  readonly name: string;
  /** What the tests need, for messages, and whether this machine has it. */
  readonly needs: readonly [what: string, found: unknown];
  readonly start: () => Promise<CacheServer>;
}[] = [
  { name: "memcached", needs: ["memcached", findMemcached()], start: memcached },
  ...someRedisClients.map((kind): (typeof cacheServers)[number] => ({
    name: kind.name === "redis" ? "Redis" : `Redis by ${kind.name}`,
    needs: ["redis-server", findRedisServer()],
    start: () => redis(kind),
  })),
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
    pause: () => server.pause(),
    kill: () => server.kill(),
    async startAgain() {
      server = await startMemcached({ port });
    },
  };
}

async function redis(kind: RedisClientKind): Promise<CacheServer> {
  let server = await startRedisServer();
  const { port } = server;
  return {
    port,
    async connect(through) {
      const { client, end } = await kind.connect(`redis://127.0.0.1:${through}`, { socketTimeout: 600 });
      return { cache: new RedisCache({ client }), end };
    },
    pause: () => server.pause(),
    kill: () => server.kill(),
    async startAgain() {
      server = await startRedisServer({ port });
    },
  };
}
