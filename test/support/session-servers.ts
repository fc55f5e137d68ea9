import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import type { SessionBackend } from "@mini/session";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { Pool } from "pg";
import { processes } from "./long-run.ts";
import { makePostgres } from "./postgres-server.ts";
import { redisClients, type RedisClientKind } from "./redis-clients.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";
import { findPostgres } from "./programs.ts";

/** What a server or a client may never tell: the password of the one, in the address that the other has. */
export const password = "hunter2";

/** A real server that sessions are kept on, of a test's own. */
export interface SessionServer {
  /** Where it listens. */
  readonly target: NetConnectOpts;
  /**
   * A backend with a driver of its own that reaches the server by a port, set up as its documentation says.
   *
   * @param most - Calls that may wait for their answers, where the driver has to be told.
   */
  readonly connect: (port: number, most: number) => Promise<Connected>;
  /** Has it stand still, whoever waits for it, until it is told to go on. */
  readonly freeze: () => Promise<() => void>;
  /** Ends it as the loss of its machine does, and starts it again where it was. */
  readonly restart: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export interface Connected {
  readonly backend: SessionBackend;
  /** What the driver has said. */
  readonly said: readonly string[];
  /** Calls and connections that somebody waits for, as far as the driver tells. */
  readonly waiting: () => number;
  readonly end: () => Promise<void>;
}

/** A long run has all of them. The others leave out iovalkey, which was made from ioredis. */
const someRedisClients = redisClients.filter(({ name }) => name !== "iovalkey" || processes > 1);

/** Every kind of server that this machine may have. */
export const sessionServers: readonly {
  readonly name: string;
  /** What the tests need, in words; and what there is of it. */
  readonly needs: readonly [what: string, found: unknown];
  /** Whether sessions are there after a restart. */
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
    async connect(through, most) {
      const { client, said, end } = await kind.connect(`redis://:${password}@127.0.0.1:${through}`, { socketTimeout: 600, most });
      // It does not tell how many commands wait; the backend's close() waits for them.
      return { backend: new RedisBackend({ client }), said, waiting: () => 0, end: async () => end() };
    },
    freeze() {
      server.signal("SIGSTOP");
      return Promise.resolve(() => server.signal("SIGCONT"));
    },
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
  const direct = new Pool({ connectionString: server.url });
  await new PostgresBackend({ pool: direct }).createTable();
  await direct.end();
  return {
    target: { path: join(new URL(server.url).searchParams.get("host")!, ".s.PGSQL.5432") },
    connect(through) {
      const said: string[] = [];
      // As PostgresBackend says, with shorter times.
      const pool = new Pool({
        connectionString: `postgresql://postgres:${password}@127.0.0.1:${through}/postgres`,
        connectionTimeoutMillis: 2000,
        statement_timeout: 600,
        query_timeout: 700,
      });
      pool.on("error", (error) => said.push(String(error)));
      const waiting = () => pool.waitingCount + pool.totalCount - pool.idleCount;
      return Promise.resolve({ backend: new PostgresBackend({ pool }), said, waiting, end: () => pool.end() });
    },
    freeze: () => server.freeze(),
    async restart() {
      await server.stop("SIGQUIT");
      await server.start();
    },
    end: () => server.remove(),
  };
}
