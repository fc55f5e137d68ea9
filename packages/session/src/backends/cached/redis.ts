import { DemotionGuard } from "../demotion-guard.ts";
import { callIoredis, checkIoredis, isIoredis, type IoredisLike } from "../ioredis.ts";
import type { SessionCache } from "./session-cache.ts";

/** What is called of a node-redis client. */
export interface RedisCacheLike {
  get(key: string): Promise<string | null>;
  set(
    key: string,
    value: string,
    options: { readonly expiration: { readonly type: "EX"; readonly value: number }; readonly condition?: "NX" },
  ): Promise<unknown>;
  del(key: string): Promise<number>;
}

/**
 * A Redis as the cache of a `CachedBackend`. Give a client of node-redis `disableOfflineQueue: true`, `commandsQueueMaxLength` and the
 * other settings that `RedisBackend` names: otherwise calls that are made while Redis is down wait in memory until it is back.
 */
export class RedisCache implements SessionCache {
  readonly #client: RedisCacheLike;
  readonly #demotionGuard: DemotionGuard;

  /**
   * @param options - `client`: a connected client of node-redis, ioredis or iovalkey. It belongs to the caller, who closes it.
   * @throws TypeError for a client of ioredis or iovalkey whose settings let it send commands twice.
   */
  constructor({ client }: { readonly client: RedisCacheLike | IoredisLike }) {
    this.#client = isIoredis(client) ? cacheOfIoredis(client) : client;
    this.#demotionGuard = new DemotionGuard(client);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const text = await this.#call(() => this.#client.get(key));
    return text === null ? undefined : Buffer.from(text, "base64");
  }

  async set(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#call(() => this.#client.set(key, base64(value), { expiration: { type: "EX", value: seconds } }));
  }

  async add(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#call(() => this.#client.set(key, base64(value), { expiration: { type: "EX", value: seconds }, condition: "NX" }));
  }

  async delete(key: string): Promise<void> {
    await this.#call(() => this.#client.del(key));
  }

  async #call<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      this.#demotionGuard.onError(error);
      throw error;
    }
  }
}

/** @throws TypeError */
function cacheOfIoredis(client: IoredisLike): RedisCacheLike {
  checkIoredis("RedisCache", client);
  return {
    async get(key) {
      const found = await callIoredis(client, "get", key);
      return found === null ? null : String(found);
    },
    set: (key, value, { expiration, condition }) =>
      callIoredis(client, "set", key, value, "EX", expiration.value, ...(condition === undefined ? [] : [condition])),
    del: async (key) => Number(await callIoredis(client, "del", key)),
  };
}

const base64 = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64");
