// The server of the soak, as a process of its own: app.ts <SQLite file> [leak], with --expose-gc.
// Says its port, and its memory after a garbage collection whenever it is told anything.
import { DatabaseSync } from "@photostructure/sqlite";
import { App, html, local, request, RequestHandler, Response, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { SqliteBackend } from "@mini/session/sqlite";

const [path = "", flaw] = process.argv.slice(2);
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
const app = new App({
  rules,
  logger: { error: nothing, warn: nothing, info: nothing, debug: nothing },
  maxBodySize: 64 * 1024,
  config: {
    session: {
      secretKey: "a key for the soak, long enough to sign",
      // More than a machine that does many other things lets a process wait for its turn at the file.
      deadline: 30_000,
      backends: {
        // Few enough that the limit is reached long before anything is judged.
        memory: new MemoryBackend({ limit: 100 }),
        sqlite: new SqliteBackend({ database: new DatabaseSync(path), busyTimeout: 20_000 }),
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
