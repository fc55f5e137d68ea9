import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { Client } from "memjs";
import { afterAll } from "vitest";
import { findProgram } from "./programs.ts";

/** The memcached of this machine. */
export const findMemcached = (): string | undefined => findProgram("memcached");

/** A memcached of a test's own, which ends with the file's tests. */
export interface MemcachedServer {
  /** For memjs: MEMCACHED_URL, or that of the child process. */
  readonly address: string;
  readonly port: number;
  readonly signal: (signal: "SIGSTOP" | "SIGCONT" | "SIGKILL") => void;
  /** Ends it as the loss of its machine does. */
  readonly kill: () => Promise<void>;
}

/** @param options - `port`: left out, one that is free. */
export async function startMemcached({ port = 0 } = {}): Promise<MemcachedServer> {
  if (port === 0) port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(findMemcached()!, ["-l", "127.0.0.1", "-p", String(port), "-U", "0", "-m", "64", ...asRoot], { stdio: "ignore" });
  const closed = once(child, "close");
  const kill = async () => {
    child.kill("SIGKILL");
    await closed;
  };
  afterAll(kill);
  await untilListening(port);
  return { address: `127.0.0.1:${port}`, port, signal: (signal) => void child.kill(signal), kill };
}

/** A client that gives up early, as the README says. */
export function memcachedClient(address: string): Client {
  const client = Client.create(address, { timeout: 0.2, retries: 0, logger: { log: () => undefined } });
  afterAll(() => client.close());
  return client;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Tries until somebody answers; the test's own time limit ends it. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const answered = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (answered) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
