/** The logger of an application: `console`, pino, or any object with these four methods. Each call gets one text. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** Logs an error with its stack and its causes. Never throws, so that a logger that fails does not leave a request unanswered. */
export function logError(logger: Logger, where: string, error: unknown): void {
  try {
    logger.error(`${where}: ${describe(error)}`);
  } catch {
    // The failure of the logger cannot be logged.
  }
}

/** The most causes that are logged. An error can be its own cause, directly or through others. */
const mostCauses = 10;

function describe(error: unknown, causes = mostCauses): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const text = error.stack ?? `${error.name}: ${error.message}`;
    return error.cause === undefined || causes === 0 ? text : `${text}\n  caused by ${describe(error.cause, causes - 1)}`;
  } catch {
    return "a value that cannot be converted to text";
  }
}
