import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** The ports that were chosen in this process. Those that nobody listens on are not used yet, or will be used again. */
const chosen = new Set<number>();

/**
 * A port on loopback that was free a moment ago, and that this process has not chosen before. The system gives it to no outgoing
 * connection, such as that of a client that tries to reach a server that is down: the ranges for these begin at 32768 (Linux) or higher.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (chosen.has(port)) continue;
    chosen.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Whether a redis-server accepts connections; `false` when it has ended. Its later output is discarded. */
export async function isReady(child: ChildProcess): Promise<boolean> {
  for await (const line of createInterface({ input: child.stdout! })) {
    // With a port it says "Ready", with a socket alone "ready".
    if (!/ready to accept connections/i.test(line)) continue;
    child.stdout!.resume();
    return true;
  }
  return false;
}

/** Kills a process, as if its machine had failed. It may have ended already. */
export async function endAtOnce(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
