import { ConfigError, PortInUseError } from "@mini/core";
import { serve } from "@mini/core/serve";
import { makeApp } from "./app.ts";
import { readSettings } from "./config.ts";

/** Errors that the person who starts the program can correct. The message says how, and a stack trace would only hide it. */
const isCorrectable = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof PortInUseError || (error instanceof Error && "syscall" in error);

try {
  const settings = readSettings();
  await serve(makeApp(settings), { port: settings.port, hostname: settings.hostname });
} catch (error) {
  if (!isCorrectable(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
