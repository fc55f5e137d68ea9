import cluster from "node:cluster";
import { ConfigError, PortInUseError } from "@mini/core";
import { readSettings } from "./config.ts";

/** Errors that the person who starts the program can correct. The message says how; a stack trace would only hide it. */
const isCorrectable = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof PortInUseError || (error instanceof Error && "syscall" in error);

try {
  const settings = readSettings();
  if (cluster.isPrimary) await (await import("./primary.ts")).lead(settings);
  else await (await import("./worker.ts")).work(settings);
} catch (error) {
  if (!isCorrectable(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
  if (cluster.isWorker) process.exit(); // its channel to the primary would keep it running
}
