import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { makePostgres, type PostgresServer } from "./postgres-server.ts";
import { findPostgres } from "./programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The address at which test files get the URL of the Postgres of this run; `undefined` when there is none. */
    readonly postgresAt: string | undefined;
  }
}

/** One Postgres for all files of a run. It starts when the first file needs it, so that other files do not wait for it. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const programs = findPostgres();
  if (process.env.DATABASE_URL !== undefined || programs === undefined) {
    project.provide("postgresAt", undefined);
    return undefined;
  }
  let starting: Promise<PostgresServer> | undefined;
  const server = createServer((_request, response) => {
    starting ??= startPostgres(programs);
    starting.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  project.provide("postgresAt", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return async () => {
    server.closeAllConnections();
    server.close();
    const postgres = await starting?.catch(() => undefined);
    await postgres?.remove();
  };
}

/** The data need not survive a failure of the machine, so this Postgres does not wait for the disk. */
async function startPostgres(programs: string): Promise<PostgresServer> {
  const postgres = await makePostgres(programs, { fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
  await postgres.start();
  return postgres;
}
