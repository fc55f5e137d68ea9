export interface RedisWaitOptions {
  /** The number of replicas that must have a change before it is answered: 1 or more. */
  readonly replicas: number;
  /** Milliseconds to wait for them, before the change is an error: 1 or more, below the `deadline` of sessions. */
  readonly timeout: number;
}

/** A connection to one server. */
interface Connection {
  /** Changes with each connect. */
  readonly socketEpoch: number;
  wait(replicas: number, timeout: number): Promise<number>;
}

interface Cluster {
  getNodeClientForKey(key: string, isReadonly: false): Connection | Promise<Connection>;
}

/** Waits until replicas have a change, by Redis' `WAIT`, which is about the writes of its own connection. */
export class RedisReplicas {
  readonly #client: Connection | Cluster;
  readonly #options: RedisWaitOptions;

  /** @throws TypeError for a client without a connection of its own, and for settings that are not whole numbers over 0. */
  constructor(client: object, { replicas, timeout }: RedisWaitOptions) {
    for (const [name, value] of Object.entries({ replicas, timeout })) {
      if (!(Number.isSafeInteger(value) && value > 0)) {
        throw new TypeError(`RedisBackend needs wait.${name} to be a whole number from 1 on: wait: { replicas: 1, timeout: 500 }.`);
      }
    }
    if (!hasKnownConnection(client)) {
      throw new TypeError(
        "RedisBackend can wait for replicas over a client of createClient(), or of createCluster() without a keyPrefix: " +
          "give it one of them, with its own prefix option, or leave wait out.",
      );
    }
    this.#client = client;
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

  #connectionOf(key: string): Connection | Promise<Connection> {
    return "getNodeClientForKey" in this.#client ? this.#client.getNodeClientForKey(key, false) : this.#client;
  }
}

/**
 * Whether the connection that serves a key is known. A pool or sentinel may use any connection, and a `keyPrefix` of a cluster
 * changes the key.
 */
function hasKnownConnection(client: object): client is Connection | Cluster {
  if ("getNodeClientForKey" in client) return !("_keyPrefix" in client && client._keyPrefix !== undefined);
  return "socketEpoch" in client && "wait" in client;
}
