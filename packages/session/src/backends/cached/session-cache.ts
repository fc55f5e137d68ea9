/** What is asked of a cache. It may forget anything at any time; a failure is a rejection. */
export interface SessionCache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** @param seconds - Whole seconds after which it is forgotten. */
  set(key: string, value: Uint8Array, seconds: number): Promise<void>;
  /** Sets only what is not there. */
  add(key: string, value: Uint8Array, seconds: number): Promise<void>;
  /** Removing what is not there is fine. */
  delete(key: string): Promise<void>;
}
