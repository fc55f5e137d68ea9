import { guarded } from "../http/guarded.ts";
import { describeError, describeFields, oneLine } from "./error-text.ts";

/** The data of a log entry: `{ method: "GET", status: 200 }`. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The logger of an application: `console`, pino, winston, or any object with these four methods. Each call gets a text, which is one line
 * except for the stack of an error, and may get fields.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

type Level = keyof Logger;

/**
 * Passes each message on as one line, so that text of a visitor cannot forge a line of the log or control the terminal. Fields are passed on
 * unchanged. `console` would write them in many lines, so it gets them as text at the end of the line.
 *
 * Never throws, because a logger that fails must change neither a response nor work after it, whose error would end the process.
 */
export class LineLogger implements Logger {
  /** The logger in the options of the application. */
  readonly target: Logger;

  constructor(target: Logger) {
    this.target = target;
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  #write(level: Level, message: string, fields: LogFields | undefined): void {
    const { target } = this;
    try {
      if (fields === undefined) settle(target[level](oneLine(message)));
      else if (target === console) target[level](`${oneLine(message)} ${describeFields(fields)}`);
      else settle(target[level](oneLine(message), fields));
    } catch {
      // The failure of the logger cannot be logged.
    }
  }
}

/** The methods of a logger may be asynchronous. Nobody waits for them, so their failure, which cannot be logged, must not end the process. */
function settle(result: unknown): void {
  if (result instanceof Promise) void guarded(result);
}

/**
 * Logs that something happened.
 *
 * @param rest - The fields that the message does not contain, for `console`.
 */
export function logInfo(logger: Logger, message: string, fields: LogFields, rest: LogFields): void {
  logger.info(message, targetOf(logger) === console ? rest : fields);
}

const targetOf = (logger: Logger) => (logger instanceof LineLogger ? logger.target : logger);

/**
 * Logs an error with its stack and its causes. Never throws, so that a logger that fails does not leave a request unanswered.
 *
 * @param fields - Passed on together with the error itself as `err`.
 * @param rest - The fields that the message does not contain. For `console` they are the last line.
 */
export function logError(logger: Logger, where: string, error: unknown, fields?: LogFields, rest = fields): void {
  const target = targetOf(logger);
  const text = `${oneLine(where)}: ${describeError(error)}`;
  try {
    if (target === console) target.error(rest === undefined ? text : `${text}\n  ${describeFields(rest)}`);
    else settle(target.error(text, { ...fields, err: error }));
  } catch {
    try {
      // The error can be any value, and a logger may fail to write it.
      settle(target.error(text));
    } catch {
      // The failure of the logger cannot be logged.
    }
  }
}
