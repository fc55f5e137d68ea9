import { isIoredis } from "./ioredis.ts";

/**
 * Milliseconds for which a connection may lead to a replica before it is closed, because the replica may become the primary again
 * at once.
 */
const patience = 1000;

/**
 * Makes a client reconnect when its server was the primary and is a replica now. The connection works, so the client would keep it.
 * After it is closed, the client connects again, to the server that the name then leads to.
 */
export class DemotionGuard {
  readonly #reconnect: (() => void) | undefined;
  /** When a replica refused a change first; milliseconds of `performance.now()`. */
  #refusedSince: number | undefined;

  constructor(client: object) {
    this.#reconnect = reconnectOf(client);
  }

  /** Must be called with every error of a call. It closes the connection if the server refuses changes for too long. */
  onError(error: unknown): void {
    // The first word of a message is the code of an error of Redis.
    if (this.#reconnect === undefined || !(error instanceof Error && error.message.startsWith("READONLY "))) return;
    const now = performance.now();
    this.#refusedSince ??= now;
    if (now - this.#refusedSince < patience) return;
    this.#refusedSince = undefined;
    this.#reconnect();
  }
}

/** A client with its own connections, of `createClient` or `createClientPool` of node-redis. */
interface Connections {
  sendCommand(command: string[]): Promise<unknown>;
}

/** `undefined` for clusters and for `createSentinel`, whose clients find the primary themselves. */
function reconnectOf(client: object): (() => void) | undefined {
  if (isIoredis(client)) return client.isCluster ? undefined : () => client.disconnect(true);
  if (!ownsConnections(client)) return undefined;
  // Redis closes the connection after QUIT. When it fails, it is closed already, or the next answer of the replica tries again.
  return () => void client.sendCommand(["QUIT"]).catch(() => undefined);
}

function ownsConnections(client: object): client is Connections {
  return "socketEpoch" in client || "totalClients" in client;
}
