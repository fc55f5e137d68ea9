// Ours, from the built packages, with each of the backends.
import { join } from "node:path";
import { App, Rule } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend } from "@mini/session";
import { LmdbBackend } from "@mini/session/lmdb";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { SqliteBackend } from "@mini/session/sqlite";
import { connectRedis, openPool } from "../clients.mjs";
import { openLmdb, openSqlite } from "../embedded.mjs";
import { Count } from "./count.mjs";
import { Fill } from "./fill.mjs";
import { ownFolder } from "./folder.mjs";

/** Milliseconds: a busy moment of the machine shall not end the benchmark. */
const deadline = 5000;
const busyTimeout = 4000;

const backends = {
  memory: () => new MemoryBackend(),
  lmdb: (folder = ownFolder()) => new LmdbBackend({ root: openLmdb(join(folder, "mini.mdb")) }),
  sqlite: (folder = ownFolder()) => new SqliteBackend({ database: openSqlite(join(folder, "mini.db")), busyTimeout }),
  redis: async () => new RedisBackend({ client: await connectRedis() }),
  async postgres() {
    const backend = new PostgresBackend({ pool: openPool() });
    await backend.createTable();
    return backend;
  },
};

/** @param {keyof typeof backends} variant */
export async function start(variant, folder) {
  const backend = await backends[variant](folder);
  const rules = [
    new Rule("/read", { handler: Count }),
    new Rule("/change", { handler: Count }),
    new Rule("/fill/:bytes", { handler: Fill }),
  ];
  const app = new App({ rules, config: { session: { secretKey: "benchmark ".repeat(4), backend, deadline } } });
  return (await serve(app, { port: 0, silent: true })).port;
}
