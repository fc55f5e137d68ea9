import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { newFolder } from "./folder.ts";
import { pause } from "./pause.ts";
import { endedAfterFile } from "./per-file.ts";
import { endAtOnce, freePort, isReady } from "./ports.ts";
import { findProgram } from "./programs.ts";

/** The redis-server of this machine. */
export function findRedisServer(): string | undefined {
  return findProgram("redis-server");
}

/** An empty redis-server for one test file. It ends with the tests of the file. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Kills it, as if its machine had failed. It may have ended already. */
  readonly kill: () => Promise<void>;
  /** Pauses it. Returns what lets it continue. */
  readonly pause: () => Promise<() => void>;
}

export interface RedisServerOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** More arguments: `["--replicaof", "127.0.0.1", "6379"]`. A function gives them anew for each port that is tried. */
  readonly arguments?: readonly string[] | (() => Promise<readonly string[]>);
}

/** How many other ports are tried, if another program takes the port first. */
const mostTries = 5;

const folders = endedAfterFile<string>((folder) => rmSync(folder, { recursive: true, force: true }));
const started = endedAfterFile<ChildProcess>(endAtOnce);

/** Starts a server that writes nothing to the disk. */
export async function startRedisServer({ port, arguments: more = [] }: RedisServerOptions = {}): Promise<RedisServer> {
  const program = findRedisServer();
  if (program === undefined) throw new Error("There is no redis-server on the PATH.");
  for (let tries = 1; ; tries++) {
    const chosen = port ?? (await freePort());
    const others = typeof more === "function" ? await more() : more;
    const own = newFolder();
    folders.add(own);
    const settings = [
      "--port",
      String(chosen),
      "--bind",
      "127.0.0.1",
      "--dir",
      own,
      "--save",
      "",
      "--appendonly",
      "no",
      "--repl-diskless-sync-delay",
      "0",
    ];
    const child = spawn(program, [...settings, ...others], { stdio: ["ignore", "pipe", "inherit"] });
    started.add(child);
    if (await isReady(child)) {
      return {
        port: chosen,
        url: `redis://127.0.0.1:${chosen}`,
        kill: () => endAtOnce(child),
        pause: () => pause([child.pid!]),
      };
    }
    if (port !== undefined || tries === mostTries) throw new Error(`redis-server did not start on port ${chosen}.`);
  }
}
