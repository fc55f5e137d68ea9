import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { ConfigError } from "@mini/core";

const backends = ["sqlite", "redis", "postgres"] as const;

/** Where sessions can be kept. */
export type BackendName = (typeof backends)[number];

/** The settings of this program, from environment variables. */
export interface Settings {
  /** Signs the cookies. Without SECRET_KEY, the primary makes a key and passes it to its workers. */
  readonly secretKey: string;
  /** Whether this program made the key. */
  readonly keyIsMade: boolean;
  /** The number of worker processes, from WORKERS. Default 4. */
  readonly workers: number;
  /** From BACKEND. Default `sqlite`. */
  readonly backend: BackendName;
  /** Folder of the SQLite file, from DATA_PATH. Default: `data` beside this file. */
  readonly dataPath: string;
  /** From REDIS_URL. Default: the Redis of this machine. */
  readonly redisUrl: string;
  /** From DATABASE_URL. Default: the Postgres of this machine. */
  readonly databaseUrl: string;
  /** From PORT; 0 for any free port. */
  readonly port: number;
  /** From HOST. */
  readonly hostname: string;
}

/**
 * Reads these variables. An empty one counts as missing.
 *
 * @throws ConfigError for an invalid PORT, WORKERS or BACKEND.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const { SECRET_KEY, BACKEND, DATA_PATH, REDIS_URL, DATABASE_URL, HOST } = environment;
  const backend = backends.find((name) => name === (BACKEND || "sqlite"));
  if (backend === undefined) throw new ConfigError(`BACKEND must be one of ${backends.join(", ")}, and is ${JSON.stringify(BACKEND)}.`);
  return {
    secretKey: SECRET_KEY || randomBytes(32).toString("base64url"),
    keyIsMade: !SECRET_KEY,
    workers: wholeNumber(environment, "WORKERS", { least: 1, most: 64, otherwise: 4 }),
    backend,
    dataPath: DATA_PATH || fileURLToPath(new URL("data", import.meta.url)),
    redisUrl: REDIS_URL || "redis://127.0.0.1:6379",
    databaseUrl: DATABASE_URL || "postgresql://postgres@127.0.0.1/postgres",
    port: wholeNumber(environment, "PORT", { least: 0, most: 65_535, otherwise: 8080 }),
    hostname: HOST || "127.0.0.1",
  };
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function wholeNumber(environment: NodeJS.ProcessEnv, name: string, { least, most, otherwise }: Bounds): number {
  const text = environment[name] || String(otherwise);
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (value >= least && value <= most) return value;
  throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, and is ${JSON.stringify(text)}.`);
}
