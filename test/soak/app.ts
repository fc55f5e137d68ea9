// The server of the soak, as a process of its own, with --expose-gc: app.ts <SQLite file> [URL of Postgres] [socket of Redis] [leak].
// An argument is empty if there is none.
// Says its port, and its memory after a garbage collection whenever it is told anything.
import { DatabaseSync } from "@photostructure/sqlite";
import { App, html, local, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware, type SessionBackend } from "@mini/session";
import { PostgresBackend } from "@mini/session/postgres";
import { RedisBackend } from "@mini/session/redis";
import { SqliteBackend } from "@mini/session/sqlite";
import { Pool } from "pg";
import { createClient } from "redis";

const [path = "", postgres = "", redis = "", flaw = ""] = process.argv.slice(2);
const leaked: unknown[] = [];

class Page extends RequestHandler {
  get() {
    if (flaw === "leak") leaked.push(Array.from({ length: 20_000 }, Math.random));
    return html`<p>${request.args.get("name")}</p>`;
  }
}

class Count extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async post({ place }: { place: string }) {
    const session = await local.sessionStore.getSession<{ count: number }>(place, { backend: place });
    if (flaw === "wrong" && place === "memory") session.delete("count");
    return text(String(session.increment("count")));
  }
}

class Upload extends RequestHandler {
  async post() {
    return text(String((await request.text()).length));
  }
}

class Fails extends RequestHandler {
  get(): Response {
    throw new Error("It fails.");
  }
}

class Stream extends RequestHandler {
  get({ chunks }: { chunks: string }) {
    let left = Number(chunks);
    const source: UnderlyingDefaultSource<Uint8Array> = {
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(1024).fill(97));
        else controller.close();
      },
    };
    return new Response(new ReadableStream(source, { highWaterMark: 0 }));
  }
}

const rules = [
  new Rule("/", { handler: Page }),
  new Rule("/count/:place", { handler: Count }),
  new Rule("/upload", { handler: Upload }),
  new Rule("/fails", { handler: Fails }),
  new Rule("/stream/:chunks", { handler: Stream }),
];
const nothing = () => undefined;

/** Milliseconds: more than a machine that does many other things lets a process wait for its turn. */
const patience = 20_000;

async function openPostgres(): Promise<SessionBackend> {
  const pool = new Pool({ connectionString: postgres, max: 4, statement_timeout: patience });
  pool.on("error", nothing);
  const backend = new PostgresBackend({ pool });
  await backend.createTable();
  return backend;
}

async function openRedis(): Promise<SessionBackend> {
  const client = createClient({
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1000,
    pingInterval: 1000,
    socket: { path: redis, tls: false, socketTimeout: patience },
  });
  client.on("error", nothing);
  return new RedisBackend({ client: await client.connect() });
}

const app = new App({
  rules,
  logger: { error: nothing, warn: nothing, info: nothing, debug: nothing },
  maxBodySize: 64 * 1024,
  config: {
    session: {
      secretKey: "a key for the soak, long enough to sign",
      deadline: 30_000,
      backends: {
        // Few enough that the limit is reached long before anything is judged.
        memory: new MemoryBackend({ limit: 100 }),
        sqlite: new SqliteBackend({ database: new DatabaseSync(path), busyTimeout: patience }),
        ...(postgres !== "" && { postgres: await openPostgres() }),
        ...(redis !== "" && { redis: await openRedis() }),
      },
    },
  },
});
const { port } = await serve(app, { port: 0, silent: true, gracefulShutdown: false });

process.on("message", () => {
  globalThis.gc!();
  const { rss, heapUsed } = process.memoryUsage();
  process.send!({ rss, heapUsed });
});
process.on("disconnect", () => process.exit());
process.send!({ port });
