/** What an application logs with: `console`, pino, or anything else with these four. Each call gets one line of text. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}
