import { describeError, oneLine } from "./error-text.ts";

/**
 * The logger of an application: `console`, pino, or any object with these four methods. Each call gets one text. It is one line, except
 * for the stack of an error.
 */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** Hands each message on as one line, so that nothing that a visitor has sent can begin a line of its own or reach the terminal. */
export class LineLogger implements Logger {
  /** The logger that the application was given. */
  readonly target: Logger;

  constructor(target: Logger) {
    this.target = target;
  }

  error(message: string): void {
    this.target.error(oneLine(message));
  }

  warn(message: string): void {
    this.target.warn(oneLine(message));
  }

  info(message: string): void {
    this.target.info(oneLine(message));
  }

  debug(message: string): void {
    this.target.debug(oneLine(message));
  }
}

/** Logs an error with its stack and its causes. Never throws, so that a logger that fails does not leave a request unanswered. */
export function logError(logger: Logger, where: string, error: unknown): void {
  try {
    const target = logger instanceof LineLogger ? logger.target : logger;
    target.error(`${oneLine(where)}: ${describeError(error)}`);
  } catch {
    // The failure of the logger cannot be logged.
  }
}
