import type { RedisDriver } from "./driver.ts";

export interface RedisWaitOptions {
  /** The number of replicas that must have a change before it is answered: 1 or more. */
  readonly replicas: number;
  /** Milliseconds to wait for them, before the change is an error: 1 or more, below the `deadline` of sessions. */
  readonly timeout: number;
}

/** Waits until replicas have a change, by Redis' `WAIT`, which is about the writes of its own connection. */
export class RedisReplicas {
  readonly #connectionOf: NonNullable<RedisDriver["connectionOf"]>;
  readonly #options: RedisWaitOptions;

  /** @throws TypeError for a client without a connection of its own, and for settings that are not whole numbers over 0. */
  constructor({ connectionOf }: RedisDriver, { replicas, timeout }: RedisWaitOptions) {
    for (const [name, value] of Object.entries({ replicas, timeout })) {
      if (!(Number.isSafeInteger(value) && value > 0)) {
        throw new TypeError(`RedisBackend needs wait.${name} to be a whole number from 1 on: wait: { replicas: 1, timeout: 500 }.`);
      }
    }
    if (connectionOf === undefined) {
      throw new TypeError(
        "RedisBackend can wait for replicas over a client of createClient(), or of createCluster() without a keyPrefix: " +
          "give it one of them, with its own prefix option, a Redis of ioredis or iovalkey, or leave wait out.",
      );
    }
    this.#connectionOf = connectionOf;
    this.#options = { replicas, timeout };
  }

  /**
   * Makes a change of one key, and resolves when the replicas have it.
   *
   * Rejects when they do not have it in time, or when that is unknown because the connection has changed.
   */
  async changeAndWait<Reply>(key: string, change: () => Promise<Reply>): Promise<Reply> {
    const { replicas, timeout } = this.#options;
    const before = await this.#connectionOf(key);
    const { socketEpoch } = before;
    const reply = await change();
    const connection = await this.#connectionOf(key);
    const confirmed = await connection.wait(replicas, timeout);
    if (connection !== before || connection.socketEpoch !== socketEpoch) {
      throw new Error("The connection to Redis changed during a change, so it is unknown which replicas have it.");
    }
    if (confirmed < replicas) {
      throw new Error(
        `Only ${confirmed} of ${replicas} replicas of Redis had a change after ${timeout} ms. See whether the replicas are connected.`,
      );
    }
    return reply;
  }
}
