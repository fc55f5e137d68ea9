import type { NewRecord, OwnerIndex, SessionBackend, SessionRecord, SwapResult } from "@mini/session";

/** A backend's call by its name: `read`, `owners.add`. */
type Before = (name: string, key: string) => void | Promise<void>;

/** A backend that records its calls, and can be made to wait or to fail before or after one of them. */
export class WatchedBackend implements SessionBackend {
  readonly calls: string[] = [];
  /** All its arguments and results, as text. */
  readonly seen: string[] = [];
  readonly owners: OwnerIndex;
  before: Before = () => undefined;
  after: Before = () => undefined;
  readonly #backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.#backend = backend;
    const owners = backend.owners!;
    this.owners = {
      epoch: (owner) => this.#call("owners.epoch", owner, () => owners.epoch(owner)),
      bump: (owner) => this.#call("owners.bump", owner, () => owners.bump(owner)),
      add: (owner, key) => this.#call("owners.add", key, () => owners.add(owner, key)),
      remove: (owner, key) => this.#call("owners.remove", key, () => owners.remove(owner, key)),
      keys: (owner) => this.#call("owners.keys", owner, () => owners.keys(owner)),
    };
  }

  read(key: string): Promise<SessionRecord | undefined> {
    return this.#call("read", key, () => this.#backend.read(key));
  }

  create(key: string, record: NewRecord): Promise<string | undefined> {
    this.seen.push(Buffer.from(record.data).toString());
    return this.#call("create", key, () => this.#backend.create(key, record));
  }

  swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    this.seen.push(Buffer.from(record.data).toString());
    return this.#call("swap", key, () => this.#backend.swap(key, version, record));
  }

  touch(key: string, idleAt: number): Promise<boolean> {
    return this.#call("touch", key, () => this.#backend.touch(key, idleAt));
  }

  take(key: string): Promise<SessionRecord | undefined> {
    return this.#call("take", key, () => this.#backend.take(key));
  }

  async close(): Promise<void> {
    await this.#backend.close?.();
  }

  /** The calls since the last call of this function. */
  counted(): readonly string[] {
    return this.calls.splice(0);
  }

  async #call<Result>(name: string, key: string, work: () => Promise<Result>): Promise<Result> {
    this.calls.push(name);
    this.seen.push(key);
    await this.before(name, key);
    const result = await work();
    await this.after(name, key);
    return result;
  }
}
