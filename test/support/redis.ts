import { randomUUID } from "node:crypto";
import { createClient } from "redis";
import { afterAll } from "vitest";
import { endedAfterFile, oncePerFile } from "./per-file.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";

/** The name of what the tests need, for messages. */
export const redisServer = "redis-server, or a Redis at REDIS_URL";

const clients = endedAfterFile<{ readonly isOpen: boolean; destroy(): void }>((client) => client.isOpen && client.destroy());

/** Like `createClient` of redis, but connected. The client is closed after the tests of the file. */
export async function connectRedis(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 2000, reconnectStrategy: 20 } });
  // Connections are lost on purpose. Commands that were under way reject.
  client.on("error", () => {});
  clients.add(client);
  await client.connect();
  return client;
}

export type RedisClient = Awaited<ReturnType<typeof connectRedis>>;

/** A Redis for the tests of the file. Other files may use it too, and all that ask for it in this file do, so each test needs its own prefix. */
export interface SharedRedis {
  readonly url: string;
  readonly client: RedisClient;
  readonly prefix: () => string;
}

/** The Redis at REDIS_URL, without a change of its settings, or else one that is started for the file; `undefined` if there is neither. */
export const sharedRedis = oncePerFile(async (): Promise<SharedRedis | undefined> => {
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
});
