import type { OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { newVersion } from "../new-version.ts";
import { DemotionGuard } from "../demotion-guard.ts";
import type { IoredisLike } from "../ioredis.ts";
import { RedisCalls } from "./calls.ts";
import { driverOf } from "./client.ts";
import type { RedisDriver } from "./driver.ts";
import type { RedisLike } from "./node-redis.ts";
import { RedisOwners } from "./owners.ts";
import type { RedisWaitOptions } from "./replicas.ts";
import { scanKeys } from "./scan.ts";
import { create, read, swap, take, touch } from "./scripts.ts";

export interface RedisBackendOptions {
  /** A connected client of node-redis, ioredis or iovalkey. It belongs to the caller, who closes it after the backend. */
  readonly client: RedisLike | IoredisLike;
  /** Prefix of the keys of sessions and owners; no other keys may begin with it. Default `"mini:session:"`. */
  readonly prefix?: string | undefined;
  /**
   * How many replicas must have a change before it is confirmed, and how long that may take; after that it is an error. A
   * fail-over to one of these replicas then loses no confirmed change. Changes over one connection wait for each other. While a
   * cluster moves the slot of a key, the replicas of the old node may be counted. Default: none.
   */
  readonly wait?: RedisWaitOptions | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in Redis 7, a single server or a cluster, for all processes that reach it.
 *
 * Each operation is one script on one key, which the primary runs: on a replica, or on a primary that was replaced, it rejects.
 * Redis answers before its replicas have a change, and by default before it is on the disk. So a fail-over may lose the last
 * confirmed changes, and bring back a session that was just ended; `wait` narrows that.
 *
 * If one of these keys has a value that is not a session, the session counts as missing: `create` replaces the value, and `take`
 * removes it. Redis removes expired sessions by itself. With a `maxmemory-policy` other than `noeviction`, it may remove others
 * too, and the lists of an owner's sessions.
 *
 * A client of ioredis or iovalkey must have `maxRetriesPerRequest: 0`, a `Cluster` of them `retryDelayOnFailover: 0`: by default
 * they send a change again if its reply was lost. Give them a `socketTimeout` too, because they wait forever for a server that is
 * connected and silent. Calls reject at once while such a client has no connection.
 *
 * Set these options of node-redis: `disableOfflineQueue`, because it keeps commands for later while there is no connection;
 * `socketTimeout` and `commandsQueueMaxLength`, because it waits forever for a server that is connected and silent, and under
 * load the timeout works only once the queue is full; `pingInterval`, so that the timeout does not end an idle connection; and
 * `reconnectStrategy`, so that the client connects again afterwards. Without a listener for `"error"`, a lost connection ends
 * the process. For a cluster, these options belong in `defaults`. The client of `createSentinel` sends a command again when
 * its answer was lost; a session that gets a new id at that moment may lose its contents.
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
  readonly #driver: RedisDriver;
  readonly #prefix: string;
  readonly #now: () => number;

  /**
   * @throws TypeError for a value that is not such a client, for settings that repeat changes, and for a client that cannot
   * `wait`.
   */
  constructor({ client, prefix = "mini:session:", wait, now = Date.now }: RedisBackendOptions) {
    this.#driver = driverOf(client);
    this.#calls = new RedisCalls(this.#driver, new DemotionGuard(client), wait);
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

  /** Reads the keys with SCAN, from every primary of a cluster. While sessions begin and end, a session may come twice. */
  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    for await (const found of scanKeys(this.#driver, this.#prefix)) {
      const keys = found.filter((key) => !key.startsWith("owner:"));
      const records = await Promise.all(keys.map(async (key) => [key, await this.read(key)] as const));
      for (const [key, record] of records) if (record !== undefined) yield [key, record];
    }
  }

  /** Reads every record. */
  async count(): Promise<number> {
    let count = 0;
    for await (const _ of this.all()) count++;
    return count;
  }

  /** Waits for operations under way. */
  async close(): Promise<void> {
    await this.#calls.settle();
  }

  /** The arguments of the scripts that write a record. The data is a copy, because it may be sent later, and twice. */
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
  // A copy, because the driver returns a view into a larger buffer of replies.
  return { version: version.toString(), data: new Uint8Array(data), idleAt: Number(idleAt), expiresAt: Number(expiresAt) };
}
