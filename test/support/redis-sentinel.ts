import { spawn, type ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, vi } from "vitest";
import { newFolder } from "./folder.ts";
import { endedAfterFile } from "./per-file.ts";
import { endAtOnce, freePort } from "./ports.ts";
import { connectRedis } from "./redis.ts";
import { findRedisServer, startRedisServer, type RedisServer } from "./redis-server.ts";

/** A sentinel that watches a primary, by the name `main`, and its replica. */
export interface TestSentinel {
  readonly port: number;
  /** The server that the name leads to now. */
  readonly primary: () => Promise<RedisServer>;
  /** Resolves when the replica has everything that was written to the primary before the call. */
  readonly inStep: () => Promise<void>;
  /** Makes the replica the primary, and the other one a replica. */
  readonly failOver: () => Promise<void>;
}

/** Milliseconds without an answer after which a server counts as lost. */
const downAfter = 1000;

const patience = { timeout: 60_000, interval: 25 };

const folders = endedAfterFile<string>((folder) => rmSync(folder, { recursive: true, force: true }));
const started = endedAfterFile<ChildProcess>(endAtOnce);

/** Starts a sentinel and its servers, which end with the tests of the file. */
export async function startRedisSentinel(): Promise<TestSentinel> {
  const primary = await startRedisServer();
  const replica = await startRedisServer({ arguments: ["--replicaof", "127.0.0.1", String(primary.port)] });
  const servers = [primary, replica];
  // A sentinel looks for replicas when it starts, and then every ten seconds.
  const admins = new Map(await Promise.all(servers.map(async (server) => [server, await connectRedis(server.url)] as const)));
  async function inStep(server: RedisServer): Promise<void> {
    const admin = admins.get(server)!;
    // A replica that counts as online may still be reading earlier writes.
    await vi.waitFor(async () => expect(await admin.info("replication")).toContain("state=online"), patience);
    await admin.set("in-step", "1");
    expect(await admin.wait(1, patience.timeout)).toBe(1);
  }
  await inStep(primary);
  const port = await freePort();
  const folder = newFolder();
  folders.add(folder);
  const file = join(folder, "sentinel.conf");
  writeFileSync(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${primary.port} 1\n` +
      `sentinel down-after-milliseconds main ${downAfter}\nsentinel failover-timeout main 5000\n`,
  );
  const child = spawn(findRedisServer()!, [file, "--sentinel"], { stdio: ["ignore", "pipe", "inherit"] });
  started.add(child);
  await says(child, "+slave slave");
  const sentinel = await connectRedis(`redis://127.0.0.1:${port}`);
  const ask = (...command: readonly string[]) => sentinel.sendCommand(["SENTINEL", ...command]);
  async function currentPrimary(): Promise<RedisServer> {
    const [, found] = (await ask("GET-MASTER-ADDR-BY-NAME", "main")) as unknown as readonly string[];
    return servers.find((server) => String(server.port) === found)!;
  }
  return {
    port,
    primary: currentPrimary,
    inStep: async () => inStep(await currentPrimary()),
    async failOver() {
      await ask("FAILOVER", "main");
    },
  };
}

/** Resolves when the process has printed a text. */
async function says(child: ChildProcess, text: string): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.includes(text)) continue;
    child.stdout!.resume();
    return;
  }
  throw new Error("The sentinel has ended.");
}
