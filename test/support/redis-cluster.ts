import { createClient } from "redis";
import { afterAll, expect, vi } from "vitest";
import { freePort } from "./ports.ts";
import { startRedisServer, type RedisServer } from "./redis-server.ts";

/** A cluster for one test: three primaries, each with a replica. */
export interface TestCluster {
  readonly urls: readonly string[];
  readonly nodes: readonly RedisServer[];
  /** The primary that a key belonged to at the start. */
  readonly primaryOf: (key: string) => Promise<RedisServer>;
  /** The reply of a node to a command. */
  readonly ask: (node: RedisServer, ...command: readonly string[]) => Promise<string>;
}

const primaries = 3;
const slots = 16_384;
/** Milliseconds without an answer after which a node counts as lost; with less, a busy machine would lose nodes. */
const nodeTimeout = 1500;

/** Starts a cluster, which ends with the tests of the file. */
export async function startRedisCluster(): Promise<TestCluster> {
  const buses: number[] = [];
  const settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", String(nodeTimeout)];
  const more = ["--cluster-replica-validity-factor", "0", "--cluster-require-full-coverage", "no"];
  const nodes = await Promise.all(
    Array.from({ length: 2 * primaries }, (_, index) =>
      startRedisServer({
        async arguments() {
          // Until the node listens there, another one may take the port: then the node is started with others.
          buses[index] = await freePort();
          return [...settings, "--cluster-port", String(buses[index]), ...more];
        },
      }),
    ),
  );
  const clients = new Map(await Promise.all(nodes.map(async (node) => [node, await connect(node)] as const)));
  const ask: TestCluster["ask"] = async (node, ...command) => String(await clients.get(node)!.sendCommand([...command]));
  const eachSays = (command: readonly string[], pattern: RegExp, from = 0) =>
    vi.waitFor(async () => {
      for (const node of nodes.slice(from)) expect(await ask(node, ...command)).toMatch(pattern);
    }, waiting);

  for (const [index, node] of nodes.entries()) await ask(node, "CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
  for (const [index, node] of nodes.slice(0, primaries).entries()) {
    const [first, next] = [index, index + 1].map((part) => Math.floor((part * slots) / primaries));
    await ask(node, "CLUSTER", "ADDSLOTSRANGE", String(first), String(next! - 1));
  }
  for (const [index, { port }] of nodes.entries()) {
    if (index > 0) await ask(nodes[0]!, "CLUSTER", "MEET", "127.0.0.1", String(port), String(buses[index]));
  }
  await eachSays(["CLUSTER", "INFO"], /cluster_known_nodes:6/);
  for (const [index, node] of nodes.slice(primaries).entries()) {
    const id = await ask(nodes[index]!, "CLUSTER", "MYID");
    // A node learns from the others which primaries there are.
    await vi.waitFor(() => ask(node, "CLUSTER", "REPLICATE", id), waiting);
  }
  await eachSays(["CLUSTER", "INFO"], /cluster_state:ok/);
  await eachSays(["INFO", "replication"], /master_link_status:up/, primaries);
  const primaryOf = async (key: string) =>
    nodes[Math.floor((Number(await ask(nodes[primaries - 1]!, "CLUSTER", "KEYSLOT", key)) * primaries) / slots)]!;
  return { urls: nodes.map(({ url }) => url), nodes, primaryOf, ask };
}

const waiting = { timeout: 60_000, interval: 50 };

async function connect({ url }: RedisServer) {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on("error", () => {});
  await client.connect();
  afterAll(() => client.destroy());
  return client;
}
