import { callIoredis, checkIoredis, keyPrefixOf, type IoredisLike } from "../ioredis.ts";
import type { RedisConnection, RedisDriver, ScanningClient } from "./driver.ts";

interface Cluster extends IoredisLike {
  nodes(role: "master"): readonly IoredisLike[];
}

/** A client of one server. */
interface Single extends IoredisLike {
  /** The socket; there is a new one with each connect. */
  readonly stream: unknown;
}

/** @throws TypeError for settings with which the client loses or repeats changes. */
export function ioredisDriver(client: IoredisLike): RedisDriver {
  checkIoredis("RedisBackend", client);
  return {
    keyPrefix: keyPrefixOf(client),
    evalSha: (sha, key, values) => callIoredis(client, "evalsha", sha, 1, key, ...values),
    eval: (text, key, values) => callIoredis(client, "eval", text, 1, key, ...values),
    primaries: () => primariesOf(client),
    // A Cluster does not say which connection a command has used in the end.
    connectionOf: client.isCluster ? undefined : connectionOf(client as Single),
  };
}

function connectionOf(client: Single): () => RedisConnection {
  const connection: RedisConnection = {
    get socketEpoch() {
      return client.stream;
    },
    wait: async (replicas, timeout) => Number(await callIoredis(client, "wait", replicas, timeout)),
  };
  return () => connection;
}

async function* primariesOf(client: IoredisLike): AsyncGenerator<ScanningClient> {
  for (const primary of client.isCluster ? (client as Cluster).nodes("master") : [client]) {
    yield {
      async scan(cursor, pattern, count) {
        // Not with `callIoredis`, because the nodes of a cluster connect at their first use.
        const [next, keys] = (await primary.callBuffer("scan", cursor, "MATCH", pattern, "COUNT", count)) as [unknown, readonly unknown[]];
        return { cursor: next, keys };
      },
    };
  }
}
