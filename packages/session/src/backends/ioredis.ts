/** The part of a client of ioredis or iovalkey that is used: of `Redis`, with Sentinel or without, or of `Cluster`. */
export interface IoredisLike {
  readonly isCluster: boolean;
  /** `"ready"` when commands are sent at once. */
  readonly status: string;
  readonly options: object;
  /** Sends a command, and returns strings as bytes. */
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
}

/** The settings of these clients that decide whether they can be used. */
interface Settings {
  readonly maxRetriesPerRequest?: number | null;
  readonly enableAutoPipelining?: boolean;
  readonly readOnly?: boolean;
  readonly role?: string;
  readonly keyPrefix?: string | Buffer | null;
  readonly retryDelayOnFailover?: number;
  readonly clusterNodeRetryStrategy?: unknown;
  readonly redisOptions?: Settings;
}

/** Whether a value is a client of ioredis or iovalkey. */
export function isIoredis(client: object): client is IoredisLike {
  return "callBuffer" in client && typeof client.callBuffer === "function";
}

/**
 * Checks the settings of a client.
 *
 * By default these clients send a command again when the connection was lost before its reply. Redis may have run it, so a change
 * would be made twice.
 *
 * @param what - The class that uses the client, for the message: `"RedisBackend"`.
 * @throws TypeError
 */
export function checkIoredis(what: string, client: IoredisLike): void {
  const settings = settingsOf(client);
  const refuse = (why: string): never => {
    throw new TypeError(`${what} cannot use this client of ioredis or iovalkey: ${why}`);
  };
  if (client.isCluster) {
    // Only with 0 does it not send commands again.
    if (settings.retryDelayOnFailover !== 0)
      refuse("after a lost connection it sends commands again, which makes changes twice. Give the Cluster retryDelayOnFailover: 0.");
    if (typeof settings.clusterNodeRetryStrategy === "function" && settings.redisOptions?.maxRetriesPerRequest !== 0)
      refuse("with a clusterNodeRetryStrategy it needs redisOptions: { maxRetriesPerRequest: 0 }, so that no command is sent twice.");
  } else {
    if (settings.maxRetriesPerRequest !== 0)
      refuse("after a lost connection it sends commands again, which makes changes twice. Give it maxRetriesPerRequest: 0.");
    if (settings.readOnly === true || settings.role === "slave")
      refuse('it is for replicas, which may still have sessions that have ended. Leave out readOnly and role: "slave".');
  }
  if (settings.enableAutoPipelining === true)
    refuse("in a pipeline, one command that fails may fail others. Leave out enableAutoPipelining.");
}

/**
 * Sends a command. Rejects while the client has no connection, because the client would keep the command in memory and send it later,
 * when the caller has long given up.
 */
export async function callIoredis(client: IoredisLike, command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
  const { status } = client;
  if (status === "wait") throw new Error("The client of Redis has not connected: await its connect() before it is used.");
  if (status !== "ready") throw new Error(`The client of Redis has no connection at the moment. Its status is "${status}".`);
  return client.callBuffer(command, ...args);
}

/** What the client puts before every key. */
export function keyPrefixOf(client: IoredisLike): string {
  return String(settingsOf(client).keyPrefix ?? "");
}

function settingsOf({ options }: IoredisLike): Settings {
  return options;
}
