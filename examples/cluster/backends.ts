import type { SessionBackend } from "@mini/session";
import type { Settings } from "./config.ts";

/** A backend that is ready to be used, and the function to call after the server is closed. */
export interface OpenBackend {
  /** The name of the place, for people. */
  readonly place: string;
  readonly backend: SessionBackend;
  readonly close: () => Promise<void>;
}

/**
 * Opens the backend that BACKEND names. The packages of the other backends are not loaded.
 *
 * @throws ConfigError when it cannot be reached.
 */
export async function openBackend({ backend, dataPath, redisUrl, databaseUrl }: Settings): Promise<OpenBackend> {
  switch (backend) {
    case "sqlite":
      return (await import("./backends/sqlite.ts")).openSqlite(dataPath);
    case "redis":
      return (await import("./backends/redis.ts")).openRedis(redisUrl);
    case "postgres":
      return (await import("./backends/postgres.ts")).openPostgres(databaseUrl);
  }
}
