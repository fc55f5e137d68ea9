import { ConfigError, PortInUseError } from "@mini/core";
import { serve } from "@mini/core/serve";
import { LmdbBackend } from "@mini/session/lmdb";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { makeApp } from "./app.ts";
import { readSettings } from "./config.ts";
import { Users } from "./users.ts";

/** Errors that the person who starts the program can correct. The message says how, and a stack trace would only hide it. */
const isCorrectable = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof PortInUseError || (error instanceof Error && "syscall" in error);

function openData(path: string): RootDatabase {
  try {
    return open({ path, overlappingSync: false });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot keep data in ${path}: ${why}. Name another folder in DATA_PATH.`, { cause: error });
  }
}

async function main(): Promise<void> {
  const { secretKey, keyIsMade, dataPath, port, hostname } = readSettings();
  if (keyIsMade) console.info("SECRET_KEY is not set: made one for this run, so a restart logs everybody out.");
  const root = openData(dataPath);
  const backend = new LmdbBackend({ root });
  const app = makeApp({ secretKey, backend, users: new Users(root) });
  const server = await serve(app, { port, hostname, gracefulShutdown: false });

  // Requests in flight need the backend, and the backend needs the root. So they are closed in this order.
  const close = async () => {
    await server.close();
    await backend.close();
    await root.close();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void close());
}

try {
  await main();
} catch (error) {
  if (!isCorrectable(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
