// Operations of the backends without HTTP, beside the bare ones, in one process of their own.
import { fork } from "node:child_process";
import { reply } from "./subject.mjs";
import { takeTurns } from "./turns.mjs";

/** By title; the first of the names is the floor. */
export const groups = {
  "memory read": ["Map get", "Map get again", "MemoryBackend read"],
  "memory swap": ["Map compare and set", "Map compare and set again", "MemoryBackend swap"],
  "LMDB read": ["get", "get again", "resetReadTxn and get", "LmdbBackend read"],
  "LMDB swap, one at a time": ["conditional put", "conditional put again", "LmdbBackend swap"],
  "LMDB swap, 32 at once": ["32 conditional puts", "32 conditional puts again", "32 LmdbBackend swaps"],
  "Redis read, one at a time": ["HMGET", "HMGET again", "RedisBackend read"],
  "Redis read, 32 at once": ["32 HMGET", "32 HMGET again", "32 RedisBackend reads"],
  "Redis swap, one at a time": ["EVALSHA", "EVALSHA again", "RedisBackend swap"],
  "Redis swap, 32 at once": ["32 EVALSHA", "32 EVALSHA again", "32 RedisBackend swaps"],
  "Postgres read, one at a time": ["SELECT", "SELECT again", "PostgresBackend read"],
  "Postgres read, 32 at once": ["32 SELECT", "32 SELECT again", "32 PostgresBackend reads"],
  "Postgres swap, one at a time": ["UPDATE", "UPDATE again", "PostgresBackend swap"],
  "Postgres swap, 32 at once": ["32 UPDATE", "32 UPDATE again", "32 PostgresBackend swaps"],
};

/** For each name a list of `{ ns, cpu }`, one a round: nanoseconds of time and of CPU for each operation. */
export async function measureOperations(titles, { rounds, milliseconds }) {
  const child = fork(new URL("operate.mjs", import.meta.url), { env: { ...process.env, NODE_ENV: "production" } });
  const ask = async (message) => {
    child.send(message);
    const { error, ...answer } = await reply(child, "operations");
    if (error !== undefined) throw new Error(error);
    return answer;
  };
  try {
    const figures = {};
    for (const title of titles) {
      const names = groups[title];
      for (const name of names) await ask({ warmUp: name, milliseconds });
      Object.assign(figures, await takeTurns(title, names, rounds, (name) => ask({ measure: name })));
    }
    return figures;
  } finally {
    if (child.connected) child.disconnect();
  }
}
