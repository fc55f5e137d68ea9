import type { TestProject } from "vitest/node";
import { oncePerRun } from "./once-per-run.ts";
import { makePostgres, type PostgresServer } from "./postgres-server.ts";
import { findPostgres } from "./programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a file's tests ask for the URL of the run's Postgres; `undefined` when there is none. */
    readonly postgresAt: string | undefined;
  }
}

/** One Postgres for all files of a run. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const programs = findPostgres();
  if (process.env.DATABASE_URL !== undefined || programs === undefined) {
    project.provide("postgresAt", undefined);
    return undefined;
  }
  const shared = await oncePerRun(
    () => startPostgres(programs),
    ({ url }) => url,
  );
  project.provide("postgresAt", shared.url);
  return async () => {
    const postgres = await shared.end();
    await postgres?.remove();
  };
}

/** Its data need not survive the machine, so it does not wait for the disk. */
async function startPostgres(programs: string): Promise<PostgresServer> {
  const postgres = await makePostgres(programs, { fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
  await postgres.start();
  return postgres;
}
