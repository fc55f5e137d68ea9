import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { ConfigError } from "@mini/core";

/** What the environment says about this program. */
export interface Settings {
  /** Signs the cookies; without SECRET_KEY one made here, which lives as long as the process. */
  readonly secretKey: string;
  /** Whether the key was made here. */
  readonly keyIsMade: boolean;
  /** Folder of users and sessions, from DATA_PATH; else `data` beside this file. */
  readonly dataPath: string;
  /** From PORT; 0 takes a free one. */
  readonly port: number;
  /** From HOST. */
  readonly hostname: string;
}

/**
 * Reads SECRET_KEY, DATA_PATH, PORT and HOST; an empty variable counts as none.
 *
 * @throws ConfigError for a PORT that is none.
 */
export function readSettings({ SECRET_KEY, DATA_PATH, PORT, HOST }: NodeJS.ProcessEnv = process.env): Settings {
  const port = PORT || "8080";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new ConfigError(`PORT must be a whole number from 0 to 65535, and is ${JSON.stringify(port)}.`);
  }
  return {
    secretKey: SECRET_KEY || randomBytes(32).toString("base64url"),
    keyIsMade: !SECRET_KEY,
    dataPath: DATA_PATH || fileURLToPath(new URL("data", import.meta.url)),
    port: Number(port),
    hostname: HOST || "127.0.0.1",
  };
}
