import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import type { SessionBackend } from "@mini/session";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { Pool } from "pg";
import { processes } from "./long-run.ts";
import { makeTables } from "./make-tables.ts";
import { makePostgres } from "./postgres-server.ts";
import { redisClients, type RedisClientKind } from "./redis-clients.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";
import { findPostgres } from "./programs.ts";

/** The password of the servers, which is in the URL of the client. No log and no response may contain it. */
export const password = "hunter2";

/** A real server that keeps the sessions of one test. */
export interface SessionServer {
  /** The address on which it listens. */
  readonly target: NetConnectOpts;
  /**
   * A backend with its own client, which connects to the server through a port. The client has the settings of the documentation.
   *
   * @param most - The most calls that may wait for their replies, for clients that have such a setting.
   * @param silence - Milliseconds after which the client gives up a server that does not reply.
   */
  readonly connect: (port: number, most: number, silence: number) => Promise<Connected>;
  /** Pauses it. Returns what lets it continue. */
  readonly pause: () => Promise<() => void>;
  /** Kills it, as if its machine had failed, and starts it again on the same port. */
  readonly restart: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export interface Connected {
  readonly backend: SessionBackend;
  /** The errors that the client has reported. */
  readonly said: readonly string[];
  /** The number of calls and connections that are waited for, as far as the client reports it. */
  readonly waiting: () => number;
  readonly end: () => Promise<void>;
}

/** A long run tests all clients. Other runs leave out iovalkey, which is a fork of ioredis. */
const someRedisClients = redisClients.filter(({ name }) => name !== "iovalkey" || processes > 1);

/** The kinds of servers that may be installed on this machine. */
export const sessionServers: readonly {
  readonly name: string;
  /** The name of what the tests need, for messages, and the result of the search for it. */
  readonly needs: readonly [what: string, found: unknown];
  /** Whether sessions survive a restart. */
  readonly isDurable: boolean;
  readonly start: () => Promise<SessionServer>;
}[] = [
  ...someRedisClients.map((kind): (typeof sessionServers)[number] => ({
    name: kind.name === "redis" ? "Redis" : `Redis by ${kind.name}`,
    needs: ["redis-server", findRedisServer()],
    isDurable: false,
    start: () => startRedis(kind),
  })),
  { name: "Postgres", needs: ["Postgres, to start and to stop", findPostgres()], isDurable: true, start: startPostgres },
];

async function startRedis(kind: RedisClientKind): Promise<SessionServer> {
  const settings = ["--requirepass", password];
  let server = await startRedisServer({ arguments: settings });
  const { port } = server;
  return {
    target: { host: "127.0.0.1", port },
    async connect(through, most, silence) {
      const { client, said, end } = await kind.connect(`redis://:${password}@127.0.0.1:${through}`, { socketTimeout: silence, most });
      // It does not report how many commands wait. close() of the backend waits for them.
      return { backend: new RedisBackend({ client }), said, waiting: () => 0, end: async () => end() };
    },
    pause: () => server.pause(),
    async restart() {
      await server.kill();
      server = await startRedisServer({ port, arguments: settings });
    },
    end: () => server.kill(),
  };
}

async function startPostgres(): Promise<SessionServer> {
  const server = await makePostgres(findPostgres()!);
  await server.start();
  await makeTables(server.url);
  return {
    target: { path: join(new URL(server.url).searchParams.get("host")!, ".s.PGSQL.5432") },
    connect(through, _most, silence) {
      const said: string[] = [];
      // The settings of the documentation of PostgresBackend, with shorter times.
      const pool = new Pool({
        connectionString: `postgresql://postgres:${password}@127.0.0.1:${through}/postgres`,
        connectionTimeoutMillis: 2000,
        statement_timeout: silence,
        query_timeout: silence + 100,
      });
      pool.on("error", (error) => said.push(String(error)));
      const waiting = () => pool.waitingCount + pool.totalCount - pool.idleCount;
      return Promise.resolve({ backend: new PostgresBackend({ pool }), said, waiting, end: () => pool.end() });
    },
    pause: () => server.pause(),
    async restart() {
      await server.stop("SIGQUIT");
      await server.start();
    },
    end: () => server.remove(),
  };
}
