import type { RedisLike } from "./calls.ts";

/** A client of one server, as far as it is used here. */
interface Scanning {
  scan(cursor: string, options: { readonly MATCH: string; readonly COUNT: number }): Promise<ScanReply>;
}

interface ScanReply {
  readonly cursor: unknown;
  readonly keys: readonly unknown[];
}

interface Cluster<Node> {
  readonly masters: readonly Node[];
  nodeClient(node: Node): Promise<Scanning>;
}

/** The number of keys that a server looks at for one reply. */
const pageSize = 100;

/**
 * The keys that begin with a prefix, without the prefix, as each primary replies. While keys are created and expire, one may be given
 * twice. With a `keyPrefix` of the client, SCAN still gives and takes whole keys.
 */
export async function* scanKeys(client: RedisLike, prefix: string): AsyncGenerator<readonly string[]> {
  const whole = ("_keyPrefix" in client && client._keyPrefix !== undefined ? String(client._keyPrefix) : "") + prefix;
  const MATCH = `${whole.replaceAll(/[\\*?[\]^-]/g, String.raw`\$&`)}*`;
  for await (const server of serversOf(client)) {
    let cursor = "0";
    do {
      const reply = await server.scan(cursor, { MATCH, COUNT: pageSize });
      cursor = String(reply.cursor);
      yield reply.keys.map((key) => String(key).slice(whole.length));
    } while (cursor !== "0");
  }
}

async function* serversOf(client: object): AsyncGenerator<Scanning> {
  if (isCluster(client)) for (const node of client.masters) yield await client.nodeClient(node);
  else if (isScanning(client)) yield client;
  else
    throw new TypeError(
      "RedisBackend can list sessions over a client of createClient(), createClientPool(), createSentinel() or createCluster().",
    );
}

function isCluster(client: object): client is Cluster<unknown> {
  return "masters" in client && "nodeClient" in client;
}

function isScanning(client: object): client is Scanning {
  return "scan" in client;
}
