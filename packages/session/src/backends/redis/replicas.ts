import type { RedisDriver } from "./driver.ts";

export interface RedisWaitOptions {
  /** The number of replicas that must have a change before it is confirmed: 1 or more. */
  readonly replicas: number;
  /** Milliseconds to wait for them; after that, the change is an error. 1 or more, below the `deadline` of sessions. */
  readonly timeout: number;
}

/** Waits until replicas have a change, with Redis' `WAIT`, which applies to the writes of its own connection. */
export class RedisReplicas {
  readonly #connectionOf: NonNullable<RedisDriver["connectionOf"]>;
  readonly #options: RedisWaitOptions;

  /** @throws TypeError for a client without its own connection, and for settings that are not whole numbers over 0. */
  constructor({ connectionOf }: RedisDriver, { replicas, timeout }: RedisWaitOptions) {
    for (const [name, value] of Object.entries({ replicas, timeout })) {
      if (!(Number.isSafeInteger(value) && value > 0)) {
        throw new TypeError(`RedisBackend needs wait.${name} to be a whole number of 1 or more: wait: { replicas: 1, timeout: 500 }.`);
      }
    }
    if (connectionOf === undefined) {
      throw new TypeError(
        "RedisBackend can wait for replicas only with a client of createClient(), one of createCluster() without a keyPrefix, or a Redis of " +
          "ioredis or iovalkey. Give it one of these, with the option prefix of RedisBackend instead of a keyPrefix, or leave wait out.",
      );
    }
    this.#connectionOf = connectionOf;
    this.#options = { replicas, timeout };
  }

  /**
   * Makes a change of one key, and resolves when the replicas have it.
   *
   * Rejects if they do not have it in time, or if that is unknown because the connection was replaced.
   */
  async changeAndWait<Reply>(key: string, change: () => Promise<Reply>): Promise<Reply> {
    const { replicas, timeout } = this.#options;
    const before = await this.#connectionOf(key);
    const { socketEpoch } = before;
    const reply = await change();
    const connection = await this.#connectionOf(key);
    const confirmed = await connection.wait(replicas, timeout);
    if (connection !== before || connection.socketEpoch !== socketEpoch) {
      throw new Error("The connection to Redis was replaced during a change, so it is unknown which replicas have the change.");
    }
    if (confirmed < replicas) {
      throw new Error(
        `Only ${confirmed} of ${replicas} replicas of Redis had the change after ${timeout} ms. Check whether the replicas are connected.`,
      );
    }
    return reply;
  }
}
