import { isIoredis, type IoredisLike } from "../ioredis.ts";
import type { RedisDriver } from "./driver.ts";
import { ioredisDriver } from "./ioredis.ts";
import { nodeRedisDriver, type RedisLike } from "./node-redis.ts";

/** @throws TypeError for a value that is not one of these clients, and for one with settings that lose or repeat changes. */
export function driverOf(client: RedisLike | IoredisLike): RedisDriver {
  const given: unknown = client;
  if (typeof given === "object" && given !== null) {
    if (isIoredis(given)) return ioredisDriver(given);
    if (isNodeRedis(given)) return nodeRedisDriver(given);
  }
  throw new TypeError(
    "RedisBackend needs a connected client of createClient() or createCluster() of redis: " +
      "new RedisBackend({ client: await createClient({ url }).connect() }). " +
      `A Redis or a Cluster of ioredis or iovalkey can be given too, but not ${nameOf(given)}.`,
  );
}

function isNodeRedis(client: object): client is RedisLike {
  return "withTypeMapping" in client;
}

/** The class of a value, for messages. The value itself is not shown, because it may be an address with a password. */
function nameOf(given: unknown): string {
  if (typeof given !== "object" || given === null) return given === null ? "null" : `a value of the type ${typeof given}`;
  if ("invokeScript" in given) return `a client of @valkey/valkey-glide (${given.constructor.name})`;
  if (given instanceof Promise) return "a promise: await it";
  const { constructor } = given as { readonly constructor?: { readonly name: string } };
  return constructor === undefined ? "an object without a class" : `an object of the class ${constructor.name}`;
}
