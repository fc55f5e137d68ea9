import type { NewRecord, SessionRecord } from "../../record/record.ts";
import type { OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import { newVersion } from "../new-version.ts";
import { RedisCalls, type RedisLike } from "./calls.ts";
import { RedisOwners } from "./owners.ts";
import type { RedisWaitOptions } from "./replicas.ts";
import { create, read, swap, take, touch } from "./scripts.ts";

export interface RedisBackendOptions {
  /** A connected client of node-redis. It belongs to the caller, who closes it after the backend. */
  readonly client: RedisLike;
  /** What the keys of sessions and owners begin with; nothing else may. Default `"mini:session:"`. */
  readonly prefix?: string | undefined;
  /**
   * How many replicas must have a change before it is answered, and how long that may take; otherwise it is an error. A
   * fail-over to one of them loses no answered change then. Changes over one connection wait for each other. While a
   * cluster moves the slot of a key, the node that it leaves may be the one that is asked. Default: none.
   */
  readonly wait?: RedisWaitOptions | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in Redis 7, a single server or a cluster, for all processes that reach it.
 *
 * Each operation is one script on one key, run by the primary: a replica, or a primary that was replaced, makes it reject.
 * Redis answers before its replicas have a change, and by default before the disk has it. A fail-over may lose the last
 * answered ones, and bring back what was taken in that moment; `wait` narrows that.
 *
 * What is under one of its keys and is no session counts as none: `create` replaces it, `take` removes it. Expired sessions
 * go by themselves. With a `maxmemory-policy` other than `noeviction` others go too, and the lists of an owner's sessions.
 *
 * node-redis keeps commands for later while there is no connection, which `disableOfflineQueue` ends, and waits for ever
 * for a server that is connected and silent, which `socketTimeout` ends: under load not before `commandsQueueMaxLength` is
 * reached. `pingInterval` keeps it from ending a connection that has nothing to do, and without a `reconnectStrategy` the
 * client stays closed after it. Without a listener for `"error"` a lost connection ends the process. For a cluster all of
 * them but the listener stand in `defaults`. That of `createSentinel` sends a command again whose answer was lost; a new id
 * that a session gets in that moment may be without what the old one had.
 *
 * @example
 * ```ts
 * import { RedisBackend } from "@mini/session/redis";
 * import { createClient } from "redis";
 *
 * const client = createClient({
 *   url: "redis://localhost:6379",
 *   disableOfflineQueue: true,
 *   commandsQueueMaxLength: 1000,
 *   pingInterval: 1000,
 *   socket: { connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy: (retries) => Math.min(50 * retries, 1000) },
 * });
 * client.on("error", (error) => console.error(`Redis: ${error.message}`));
 * await client.connect();
 * const backend = new RedisBackend({ client });
 * ```
 */
export class RedisBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  readonly #owners: RedisOwners;
  readonly #calls: RedisCalls;
  readonly #prefix: string;
  readonly #now: () => number;

  /** @throws TypeError for what is no client of node-redis, or none that can `wait`. */
  constructor({ client, prefix = "mini:session:", wait, now = Date.now }: RedisBackendOptions) {
    this.#calls = new RedisCalls(client, wait);
    this.#prefix = prefix;
    this.#now = now;
    this.owners = this.#owners = new RedisOwners(this.#calls, prefix, now);
  }

  read(key: string): Promise<SessionRecord | undefined> {
    return this.#calls.run(read, this.#prefix + key, [this.#now()]).then(recordIn);
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    const version = newVersion();
    const made = await this.#calls.run(create, this.#prefix + key, this.#values(version, record));
    return Number(made) === 1 ? version : undefined;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const next = newVersion();
    const reply = await this.#calls.run(swap, this.#prefix + key, [...this.#values(next, record), version]);
    return Number(reply) === 1 ? { ok: true, version: next } : { ok: false, current: recordIn(reply) };
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    return Number(await this.#calls.run(touch, this.#prefix + key, [this.#now(), idleAt])) === 1;
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    return recordIn(await this.#calls.run(take, this.#prefix + key, [this.#now()]));
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#calls.settle();
  }

  /** What the scripts are told that write a record; the data is a copy, because it may be sent later, and twice. */
  #values(version: string, { data, idleAt, expiresAt }: NewRecord): readonly (string | number | Buffer)[] {
    const now = this.#now();
    this.#owners.outlive(expiresAt - now);
    return [now, version, Buffer.from(data), idleAt, expiresAt];
  }
}

function recordIn(reply: unknown): SessionRecord | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [version, data, idleAt, expiresAt] = reply as readonly Buffer[];
  if (version === undefined || data === undefined) return undefined;
  // A copy: what the driver gives is a view into all that has arrived at once.
  return { version: version.toString(), data: new Uint8Array(data), idleAt: Number(idleAt), expiresAt: Number(expiresAt) };
}
