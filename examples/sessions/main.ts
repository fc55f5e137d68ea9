import { ConfigError, PortInUseError } from "@mini/core";
import { serve } from "@mini/core/serve";

/** Errors that the person who starts the program can correct. The message says how, and a stack trace would only hide it. */
const isCorrectable = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof PortInUseError || (error instanceof Error && "syscall" in error);

try {
  // Imported here, because the settings are read and checked when the application is made.
  const { app, settings } = await import("./app.ts");
  if (settings.keyIsMade) console.info("SECRET_KEY is not set: made one for this run, so a restart ends every session.");
  await serve(app, { port: settings.port, hostname: settings.hostname });
} catch (error) {
  if (!isCorrectable(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
