import { ConfigError } from "@mini/core";
import { LmdbBackend } from "@mini/session/lmdb";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import type { OpenBackend } from "../backends.ts";

/** Every process opens the same file. */
export function openLmdb(path: string): OpenBackend {
  const root = openRoot(path);
  const backend = new LmdbBackend({ root });
  return {
    place: "LMDB",
    backend,
    async close() {
      await backend.close();
      await root.close();
    },
  };
}

function openRoot(path: string): RootDatabase {
  try {
    return open({ path });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot keep sessions in ${path}: ${why}. Name another folder in DATA_PATH.`, { cause: error });
  }
}
