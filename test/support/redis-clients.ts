import type { EventEmitter } from "node:events";
import type { RedisCache } from "@mini/session/cached";
import type { RedisBackendOptions } from "@mini/session/redis";
import { Cluster as IoredisCluster, Redis as Ioredis } from "ioredis";
import { Cluster as IovalkeyCluster, Redis as Iovalkey } from "iovalkey";
import { createClient, createCluster, createSentinel } from "redis";
import { endedAfterFile } from "./per-file.ts";

export interface ConnectedRedis {
  readonly client: RedisBackendOptions["client"] & ConstructorParameters<typeof RedisCache>[0]["client"];
  /** Whether it has a connection that accepts commands. */
  readonly isReady: () => boolean;
  /** The errors that the client has reported. */
  readonly said: readonly string[];
  /** Ends it at once. */
  readonly end: () => void;
}

export interface RedisClientOptions {
  /** Milliseconds after which a server that does not answer counts as lost. */
  readonly socketTimeout?: number;
  /** The most commands that may wait, for clients that have such a setting. */
  readonly most?: number;
}

/** The clients that RedisBackend accepts, each connected, with the settings of its documentation and shorter times. */
export interface RedisClientKind {
  readonly name: "redis" | "ioredis" | "iovalkey";
  readonly connect: (url: string, options?: RedisClientOptions) => Promise<ConnectedRedis>;
  readonly connectCluster: (urls: readonly string[]) => Promise<ConnectedRedis>;
  /** @param ports - The ports of the sentinels, which know a primary by the name `main`. */
  readonly connectSentinel: (ports: readonly number[]) => Promise<ConnectedRedis>;
}

const ends = endedAfterFile<() => void>((end) => end());

const connectTimeout = 2000;
const reconnect = (times: number) => Math.min(50 * times, 200);

const nodeRedis: RedisClientKind = {
  name: "redis",
  connect: (url, { socketTimeout = 60_000, most = 1000 } = {}) =>
    connectedNodeRedis(
      createClient({
        url,
        disableOfflineQueue: true,
        commandsQueueMaxLength: most,
        pingInterval: socketTimeout / 3,
        socket: { connectTimeout, socketTimeout, reconnectStrategy: reconnect },
      }),
    ),
  connectCluster: (urls) =>
    connectedNodeRedis(
      createCluster({
        rootNodes: urls.map((url) => ({ url })),
        defaults: { disableOfflineQueue: true, socket: { connectTimeout: 1000, reconnectStrategy: 50 } },
        // It reads nothing from a replica, even if the client allows that.
        useReplicas: true,
        topologyRefreshOnReconnectionAttemptStrategy: 200,
      }),
    ),
  connectSentinel: (ports) =>
    connectedNodeRedis(
      createSentinel({
        name: "main",
        sentinelRootNodes: ports.map((port) => ({ host: "127.0.0.1", port })),
        nodeClientOptions: { disableOfflineQueue: true, socket: { connectTimeout, reconnectStrategy: reconnect } },
        scanInterval: 1000,
      }),
    ),
};

/** What is used of the three clients of node-redis. Their own types have every command; comparing those takes the compiler half a minute. */
type NodeRedis = ConnectedRedis["client"] & {
  readonly isOpen: boolean;
  readonly isReady?: boolean;
  readonly connect: () => Promise<unknown>;
  readonly destroy: () => void;
  readonly on: (event: "error", listener: (error: unknown) => void) => unknown;
};

async function connectedNodeRedis(client: NodeRedis): Promise<ConnectedRedis> {
  const said: string[] = [];
  client.on("error", (error) => said.push(String(error)));
  await client.connect();
  const end = () => void (client.isOpen && client.destroy());
  ends.add(end);
  return { client, isReady: () => client.isReady !== false, said, end };
}

/** Both have the same settings, because one was made from the other. */
function likeIoredis(
  name: "ioredis" | "iovalkey",
  Redis: typeof Ioredis | typeof Iovalkey,
  Cluster: typeof IoredisCluster | typeof IovalkeyCluster,
): RedisClientKind {
  const settings = { lazyConnect: true, maxRetriesPerRequest: 0, connectTimeout, retryStrategy: reconnect } as const;
  async function connected(client: InstanceType<typeof Redis> | InstanceType<typeof Cluster>): Promise<ConnectedRedis> {
    const said: string[] = [];
    (client as EventEmitter).on("error", (error) => said.push(String(error)));
    await client.connect();
    const end = () => client.disconnect();
    ends.add(end);
    return { client, isReady: () => client.status === "ready", said, end };
  }
  return {
    name,
    connect: (url, { socketTimeout = 60_000 } = {}) => connected(new Redis(url, { ...settings, socketTimeout })),
    connectCluster: (urls) =>
      connected(
        new Cluster([...urls], {
          lazyConnect: true,
          retryDelayOnFailover: 0,
          clusterRetryStrategy: reconnect,
          slotsRefreshInterval: 200,
          // It reads nothing from a replica, even if the client allows that.
          scaleReads: "slave",
          redisOptions: { connectTimeout: 1000 },
        }),
      ),
    connectSentinel: (ports) =>
      connected(
        new Redis({
          ...settings,
          name: "main",
          sentinels: ports.map((port) => ({ host: "127.0.0.1", port })),
          sentinelRetryStrategy: reconnect,
        }),
      ),
  };
}

export const redisClients: readonly RedisClientKind[] = [
  nodeRedis,
  likeIoredis("ioredis", Ioredis, IoredisCluster),
  likeIoredis("iovalkey", Iovalkey, IovalkeyCluster),
];
