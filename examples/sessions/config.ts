import { randomBytes } from "node:crypto";
import { ConfigError } from "@mini/core";

/** The settings of this program, from environment variables. */
export interface Settings {
  /** Signs the cookies. Without SECRET_KEY, a key that is made here and lasts as long as the process. */
  readonly secretKey: string;
  /** Whether this program made the key. */
  readonly keyIsMade: boolean;
  /** From PORT; 0 for any free port. */
  readonly port: number;
  /** From HOST. */
  readonly hostname: string;
}

/**
 * Reads SECRET_KEY, PORT and HOST; an empty variable counts as missing.
 *
 * @throws ConfigError for an invalid PORT.
 */
export function readSettings({ SECRET_KEY, PORT, HOST }: NodeJS.ProcessEnv = process.env): Settings {
  const port = PORT || "8080";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new ConfigError(`PORT must be a whole number from 0 to 65535, and is ${JSON.stringify(port)}.`);
  }
  return {
    secretKey: SECRET_KEY || randomBytes(32).toString("base64url"),
    keyIsMade: !SECRET_KEY,
    port: Number(port),
    hostname: HOST || "127.0.0.1",
  };
}
