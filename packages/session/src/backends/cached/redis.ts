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
 * A Redis as the cache of a `CachedBackend`. Give the client `disableOfflineQueue: true`, `commandsQueueMaxLength` and the other
 * settings that `RedisBackend` names: otherwise calls that are made while Redis is down wait in memory until it is back.
 */
export class RedisCache implements SessionCache {
  readonly #client: RedisCacheLike;

  /** @param options - `client`: a connected client of node-redis. It belongs to the caller, who closes it. */
  constructor({ client }: { readonly client: RedisCacheLike }) {
    this.#client = client;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const text = await this.#client.get(key);
    return text === null ? undefined : Buffer.from(text, "base64");
  }

  async set(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#client.set(key, base64(value), { expiration: { type: "EX", value: seconds } });
  }

  async add(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#client.set(key, base64(value), { expiration: { type: "EX", value: seconds }, condition: "NX" });
  }

  async delete(key: string): Promise<void> {
    await this.#client.del(key);
  }
}

const base64 = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64");
