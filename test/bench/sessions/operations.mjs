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
};

/** For each name a list of `{ ns, cpu }`, one a round: nanoseconds of time and of CPU for each operation. */
export async function measureOperations({ rounds, milliseconds }) {
  const child = fork(new URL("operate.mjs", import.meta.url), { env: { ...process.env, NODE_ENV: "production" } });
  const ask = async (message) => {
    child.send(message);
    const { error, ...answer } = await reply(child, "operations");
    if (error !== undefined) throw new Error(error);
    return answer;
  };
  try {
    const figures = {};
    for (const [title, names] of Object.entries(groups)) {
      for (const name of names) await ask({ warmUp: name, milliseconds });
      Object.assign(figures, await takeTurns(title, names, rounds, (name) => ask({ measure: name })));
    }
    return figures;
  } finally {
    child.disconnect();
  }
}
