import { randomUUID } from "node:crypto";
import { createClient } from "redis";
import { afterAll } from "vitest";
import { findRedisServer, startRedisServer } from "./redis-server.ts";

/** What the tests need, in words. */
export const redisServer = "redis-server, or a Redis at REDIS_URL";

const clients = new Set<{ readonly isOpen: boolean; destroy(): void }>();
afterAll(() => {
  for (const client of clients) if (client.isOpen) client.destroy();
});

/** As `createClient` of redis, connected, so that nothing waits for a connection; it is closed after the file's tests. */
export async function connectRedis(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 2000, reconnectStrategy: 20 } });
  // Connections are lost on purpose; what was under way rejects.
  client.on("error", () => {});
  clients.add(client);
  await client.connect();
  return client;
}

export type RedisClient = Awaited<ReturnType<typeof connectRedis>>;

/** A Redis for the file's tests, which do not have it for themselves: each needs a prefix of its own. */
export interface SharedRedis {
  readonly url: string;
  readonly client: RedisClient;
  readonly prefix: () => string;
}

/** The one at REDIS_URL, which is left as it was, or else a server of the file's own; `undefined` where neither is. */
export async function sharedRedis(): Promise<SharedRedis | undefined> {
  const given = process.env["REDIS_URL"];
  if (given === undefined && findRedisServer() === undefined) return undefined;
  const url = given ?? (await startRedisServer()).url;
  const client = await connectRedis(url);
  const run = `mini:test:${randomUUID()}:`;
  if (given !== undefined) {
    afterAll(async () => {
      for await (const keys of client.scanIterator({ MATCH: `${run}*`, COUNT: 1000 })) if (keys.length > 0) await client.del(keys);
    });
  }
  let count = 0;
  return { url, client, prefix: () => `${run}${++count}:` };
}
