import { spawn, type ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { Client } from "memjs";
import { afterAll } from "vitest";
import { pause } from "./pause.ts";
import { oncePerFile } from "./per-file.ts";
import { endAtOnce, freePort } from "./ports.ts";
import { findProgram } from "./programs.ts";
import { patience } from "./within.ts";

/** The name of what the tests need, for messages. */
export const memcachedServer = "memcached, or one at MEMCACHED_URL";

/** The memcached of this machine. */
export const findMemcached = (): string | undefined => findProgram("memcached");

/** A memcached that only this test file uses. It ends with the tests of the file. */
export interface MemcachedServer {
  /** For memjs. */
  readonly address: string;
  readonly port: number;
  /** Pauses it. Returns what lets it continue. */
  readonly pause: () => Promise<() => void>;
  /** Kills it, as if its machine had failed. */
  readonly kill: () => Promise<void>;
}

/** @param options - `port`: left out, one that is free. */
export async function startMemcached({ port = 0 } = {}): Promise<MemcachedServer> {
  if (port === 0) port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(findMemcached()!, ["-l", "127.0.0.1", "-p", String(port), "-U", "0", "-m", "64", ...asRoot], { stdio: "ignore" });
  const kill = () => endAtOnce(child);
  afterAll(kill);
  await untilListening(port, child);
  return { address: `127.0.0.1:${port}`, port, pause: () => pause([child.pid!]), kill };
}

/** The address of the memcached at MEMCACHED_URL, or else of one that is started for the tests of the file; `undefined` if there is neither. */
export const sharedMemcached = oncePerFile(async (): Promise<string | undefined> => {
  const given = process.env["MEMCACHED_URL"];
  if (given !== undefined) return given.replace(/^memcached:\/\//, "");
  return findMemcached() === undefined ? undefined : (await startMemcached()).address;
});

/**
 * A client for tests of a memcached that works. On a busy machine an answer may take longer than the 0.2 seconds of the README, and a
 * cache that does not answer in time makes log-outs fail.
 */
export function memcachedClient(address: string): Client {
  const client = Client.create(address, { timeout: patience / 1000, retries: 0, logger: { log: () => undefined } });
  afterAll(() => client.close());
  return client;
}

/** Tries until the server answers. */
async function untilListening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, "127.0.0.1");
    const answered = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (answered) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`memcached did not start on port ${port}.`);
}
