import type { SessionCache } from "./session-cache.ts";

/** What is called of a memjs client. */
export interface MemcachedLike {
  get(key: string): Promise<{ readonly value: Uint8Array | null }>;
  set(key: string, value: Buffer, options: { readonly expires: number }): Promise<boolean>;
  add(key: string, value: Buffer, options: { readonly expires: number }): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

/**
 * A memcached as the cache of a `CachedBackend`. Give the client `timeout: 0.2` seconds and `retries: 0`: a slow
 * cache is worth less than none.
 */
export class MemcachedCache implements SessionCache {
  readonly #client: MemcachedLike;

  /** @param options - `client`: what `memjs.Client.create(servers)` gives. It belongs to the caller, who closes it. */
  constructor({ client }: { readonly client: MemcachedLike }) {
    this.#client = client;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#client.get(key)).value ?? undefined;
  }

  async set(key: string, value: Uint8Array, seconds: number): Promise<void> {
    if (!(await this.#client.set(key, Buffer.from(value), { expires: seconds }))) throw new Error("memcached has not kept a value.");
  }

  async add(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#client.add(key, Buffer.from(value), { expires: seconds });
  }

  async delete(key: string): Promise<void> {
    await this.#client.delete(key);
  }
}
