import type { SessionCache } from "@mini/session/cached";

/** A cache in this process, which can be made to fail. */
export class MapCache implements SessionCache {
  readonly entries = new Map<string, Uint8Array>();
  before: (name: string, key: string) => void | Promise<void> = () => undefined;

  async get(key: string) {
    await this.before("get", key);
    return this.entries.get(key);
  }
  async set(key: string, value: Uint8Array) {
    await this.before("set", key);
    this.entries.set(key, Uint8Array.from(value));
  }
  async add(key: string, value: Uint8Array) {
    await this.before("add", key);
    if (!this.entries.has(key)) this.entries.set(key, Uint8Array.from(value));
  }
  async delete(key: string) {
    await this.before("delete", key);
    this.entries.delete(key);
  }
}
