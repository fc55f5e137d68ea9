import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endAtOnce, isReady } from "../support/ports.ts";
import { makePostgres } from "../support/postgres-server.ts";
import { findPostgres, findProgram } from "../support/programs.ts";

/** The databases of this machine, empty and only for one soak. */
export interface Databases {
  /** URL of a Postgres; `undefined`: the machine has none. */
  readonly postgres: string | undefined;
  /** Path of the socket of a Redis; `undefined`: the machine has none. */
  readonly redis: string | undefined;
  stop(): Promise<void>;
}

export const noDatabases: Databases = { postgres: undefined, redis: undefined, stop: async () => undefined };

/** Starts those that are installed. Their data need not survive the machine, so they do not wait for the disk. */
export async function startDatabases(): Promise<Databases> {
  const [postgres, redis] = await Promise.all([startPostgres(findPostgres()), startRedis(findProgram("redis-server"))]);
  return {
    postgres: postgres?.url,
    redis: redis?.socket,
    async stop() {
      await Promise.all([postgres?.remove(), redis?.stop()]);
    },
  };
}

async function startPostgres(programs: string | undefined) {
  if (programs === undefined) return undefined;
  const server = await makePostgres(programs, { fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
  await server.start();
  return server;
}

async function startRedis(program: string | undefined) {
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "mini-soak-redis-"));
  const socket = join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"];
  const child = spawn(program, settings, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    await endAtOnce(child);
    rmSync(folder, { recursive: true, force: true });
  };
  if (await isReady(child)) return { socket, stop };
  await stop();
  throw new Error("redis-server did not start.");
}
