/** What an application logs with: `console`, pino, or anything else with these four. Each call gets one line of text. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** Logs what went wrong where, with its stack and what caused it. A logger that fails is no reason to leave a request without its answer. */
export function logError(logger: Logger, where: string, error: unknown): void {
  try {
    logger.error(`${where}: ${describe(error)}`);
  } catch {
    // There is nobody left to tell.
  }
}

/** Causes that are told of at most: an error may be its own, by some way round. */
const mostCauses = 10;

function describe(error: unknown, causes = mostCauses): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const text = error.stack ?? `${error.name}: ${error.message}`;
    return error.cause === undefined || causes === 0 ? text : `${text}\n  caused by ${describe(error.cause, causes - 1)}`;
  } catch {
    return "a value that cannot be written as text";
  }
}
