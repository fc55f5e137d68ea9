import type { SessionCache } from "./session-cache.ts";

/** The part of a memjs client that is used. */
export interface MemcachedLike {
  get(key: string): Promise<{ readonly value: Uint8Array | null }>;
  set(key: string, value: Buffer, options: { readonly expires: number }): Promise<boolean>;
  add(key: string, value: Buffer, options: { readonly expires: number }): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  /** For each server, the bytes of an incomplete reply, and the calls that wait for replies. */
  readonly servers: readonly { responseBuffer: Buffer; readonly responseCallbacks: object }[];
}

/**
 * A memcached as the cache of a `CachedBackend`. Give the client `timeout: 0.2` seconds and `retries: 0`: a slow cache is
 * worse than no cache.
 */
export class MemcachedCache implements SessionCache {
  readonly #client: MemcachedLike;

  /** @param options - `client`: what `memjs.Client.create(servers)` returns. It belongs to the caller, who closes it. */
  constructor({ client }: { readonly client: MemcachedLike }) {
    this.#client = client;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { value } = await this.#call(() => this.#client.get(key));
    return value ?? undefined;
  }

  async set(key: string, value: Uint8Array, seconds: number): Promise<void> {
    const isStored = await this.#call(() => this.#client.set(key, Buffer.from(value), { expires: seconds }));
    if (!isStored) throw new Error("memcached has not stored a value.");
  }

  async add(key: string, value: Uint8Array, seconds: number): Promise<void> {
    await this.#call(() => this.#client.add(key, Buffer.from(value), { expires: seconds }));
  }

  async delete(key: string): Promise<void> {
    await this.#call(() => this.#client.delete(key));
  }

  /**
   * When a connection breaks in the middle of a reply, memjs reads the incomplete part as the beginning of the first reply of
   * the next connection, and cannot read any reply after that. So the part is dropped, once no call waits for it.
   */
  async #call<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      for (const server of this.#client.servers)
        if (Object.keys(server.responseCallbacks).length === 0) server.responseBuffer = Buffer.alloc(0);
      throw error;
    }
  }
}
