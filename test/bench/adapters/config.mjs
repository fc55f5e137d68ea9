// The settings of all servers: a session cookie of the same attributes, and a secret of the same length.
import { MemoryBackend } from "@mini/session";
import { RedisBackend } from "@mini/session/redis";
import { connectRedis } from "../sessions/clients.mjs";

export const secret = "benchmark ".repeat(4);
export const cookie = { path: "/", httpOnly: true, sameSite: "lax" };

const backends = {
  cookie: () => undefined,
  memory: () => new MemoryBackend(),
  redis: async () => new RedisBackend({ client: await connectRedis() }),
};

/** Settings of our sessions in one of the places, with a long deadline, because the machine may be busy. */
export async function ours(place) {
  const backend = await backends[place]();
  return backend === undefined ? { secretKey: secret } : { secretKey: secret, backend, deadline: 5000 };
}

/** How a handler counts in our sessions. */
export const mine = {
  read: async (session) => (await session).get("count"),
  change: async (session) => (await session).increment("count"),
};

/** How it counts in sessions that are plain objects. */
export const plain = {
  read: (session) => session.count,
  change: (session) => (session.count = (session.count ?? 0) + 1),
};

/** For a handler without sessions. */
export const none = { read: () => undefined, change: () => undefined };
