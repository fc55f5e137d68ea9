// Operations of the backends without HTTP, beside the bare ones, in one process of their own.
import { ask, endChild, startChild } from "../measure/children.mjs";
import { takeTurns } from "../measure/turns.mjs";

/** By title; the first of the names is the floor. */
export const groups = {
  "memory read": ["Map get", "Map get again", "MemoryBackend read"],
  "memory swap": ["Map compare and set", "Map compare and set again", "MemoryBackend swap"],
  "LMDB read": ["get", "get again", "resetReadTxn and get", "LmdbBackend read"],
  "LMDB swap, one at a time": ["conditional put", "conditional put again", "LmdbBackend swap"],
  "LMDB swap, 32 at once": ["32 conditional puts", "32 conditional puts again", "32 LmdbBackend swaps"],
  "SQLite read": ["SQLite SELECT", "SQLite SELECT again", "SqliteBackend read"],
  "SQLite swap, one at a time": ["SQLite UPDATE", "SQLite UPDATE again", "SqliteBackend swap"],
  "SQLite swap, 32 at once": ["32 SQLite UPDATE", "32 SQLite UPDATE again", "32 SqliteBackend swaps"],
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
export async function measureOperations(titles, plan) {
  const child = startChild(new URL("operate.mjs", import.meta.url));
  const send = (message) => ask(child, message, "operations");
  try {
    const figures = {};
    for (const title of titles) {
      const names = groups[title];
      for (const name of names) await send({ warmUp: name, milliseconds: plan.milliseconds });
      Object.assign(figures, await takeTurns(title, names, plan, (name) => send({ measure: name })));
    }
    return figures;
  } finally {
    await endChild(child);
  }
}
