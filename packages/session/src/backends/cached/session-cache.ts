/** A cache of a `CachedBackend`. It may forget anything at any time; a failure is a rejection. */
export interface SessionCache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** @param seconds - Whole seconds after which the value is forgotten. */
  set(key: string, value: Uint8Array, seconds: number): Promise<void>;
  /** Sets a value, if the key has none. */
  add(key: string, value: Uint8Array, seconds: number): Promise<void>;
  /** Removing a key that does not exist is not an error. */
  delete(key: string): Promise<void>;
}
