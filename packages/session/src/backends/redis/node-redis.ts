import type { RedisConnection, RedisDriver, ScanningClient, ScanPage } from "./driver.ts";

/** The key of a script, and its arguments. */
export interface RedisScriptOptions {
  keys: string[];
  arguments: (string | Buffer)[];
}

/** The commands of node-redis that are used, which run scripts. */
export interface RedisScriptsLike {
  evalSha(sha: string, options: RedisScriptOptions): Promise<unknown>;
  eval(script: string, options: RedisScriptOptions): Promise<unknown>;
}

/** The part of a client that is used: of `createClient`, `createCluster`, `createClientPool` or `createSentinel` of node-redis. */
export interface RedisLike {
  /** 36 is `RESP_TYPES.BLOB_STRING`: the strings of Redis, which are bytes. */
  withTypeMapping(typeMapping: { readonly 36: BufferConstructor }): RedisScriptsLike;
}

/** The part of a client of one server that is used. */
interface Scanning {
  scan(cursor: string, options: { readonly MATCH: string; readonly COUNT: number }): Promise<ScanPage>;
}

interface Cluster<Node> {
  readonly masters: readonly Node[];
  nodeClient(node: Node): Promise<Scanning>;
  getNodeClientForKey(key: string, isReadonly: false): RedisConnection | Promise<RedisConnection>;
}

export function nodeRedisDriver(client: RedisLike): RedisDriver {
  // Otherwise strings are decoded as UTF-8, which does not keep all bytes.
  const scripts = client.withTypeMapping({ 36: Buffer });
  const keyPrefix = "_keyPrefix" in client && client._keyPrefix !== undefined ? String(client._keyPrefix) : "";
  return {
    keyPrefix,
    evalSha: (sha, key, values) => scripts.evalSha(sha, { keys: [key], arguments: [...values] }),
    eval: (text, key, values) => scripts.eval(text, { keys: [key], arguments: [...values] }),
    primaries: () => primariesOf(client),
    connectionOf: connectionOf(client, keyPrefix),
  };
}

/** `undefined` for a pool and a sentinel, which may use any connection, and for a cluster whose `keyPrefix` changes the key. */
function connectionOf(client: object, keyPrefix: string): RedisDriver["connectionOf"] {
  if (isCluster(client)) return keyPrefix === "" ? (key) => client.getNodeClientForKey(key, false) : undefined;
  return isConnection(client) ? () => client : undefined;
}

async function* primariesOf(client: object): AsyncGenerator<ScanningClient> {
  if (isCluster(client)) for (const node of client.masters) yield scanning(await client.nodeClient(node));
  else if ("scan" in client) yield scanning(client as Scanning);
  else
    throw new TypeError(
      "RedisBackend can list sessions over a client of createClient(), createClientPool(), createSentinel() or createCluster().",
    );
}

const scanning = (client: Scanning): ScanningClient => ({
  scan: (cursor, pattern, count) => client.scan(cursor, { MATCH: pattern, COUNT: count }),
});

function isCluster(client: object): client is Cluster<unknown> {
  return "masters" in client && "nodeClient" in client;
}

function isConnection(client: object): client is RedisConnection {
  return "socketEpoch" in client && "wait" in client;
}
