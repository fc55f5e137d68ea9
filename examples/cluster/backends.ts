import type { SessionBackend } from "@mini/session";
import type { Settings } from "./config.ts";

/** Sessions that are ready to be used, and what to call after the server is closed. */
export interface OpenBackend {
  /** Where they are kept, in words. */
  readonly place: string;
  readonly backend: SessionBackend;
  readonly close: () => Promise<void>;
}

/**
 * Opens what BACKEND names; the packages of the others are not even loaded.
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
