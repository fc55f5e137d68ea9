import { request as httpRequest } from "node:http";
import { abort, App, int, local, RequestHandler, Rule, SecurityHeaders, text } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { MemoryBackend, SessionMiddleware } from "@mini/session";
import { expect } from "vitest";
import { afterEachTest } from "./per-file.ts";

class Home extends RequestHandler {
  static override middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    session.set("visits", session.increment("count"));
    session.set("profile", { name: "Ann", password: "hunter2", deep: { apiToken: "t0k" } });
    session.set("secret", "s3cret");
    session.flash("Saved");
    return text("home");
  }
}
class User extends RequestHandler {
  get({ id }: { id: number }) {
    if (id === 7) abort(404);
    if (id === 8) throw new Error("the disk <b>is</b> full", { cause: new TypeError("inner") });
    return text("user");
  }
}
class Me extends RequestHandler {
  get() {
    return text("me");
  }
}

export const nothing = () => undefined;
/** A logger that discards all messages. */
export const silent = { error: nothing, warn: nothing, info: nothing, debug: nothing };
const open: Server[] = [];
/** Called after each test: ends requests that are still running. */
export const stops: (() => void)[] = [];
afterEachTest(async () => {
  stops.splice(0).forEach((stop) => stop());
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** A site whose handlers use sessions and throw. */
export function makeSite(debug = true): App {
  return new App({
    debug,
    rules: [
      new Rule("/", { endpoint: "home", handler: Home }),
      new Rule("/users/:id", { endpoint: "user", handler: User, where: { id: int } }),
      new Rule("/users/me", { handler: Me, methods: ["GET"] }),
    ],
    middleware: [SecurityHeaders],
    config: { session: { secretKey: "k".repeat(32), backend: new MemoryBackend() } },
    logger: silent,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Serves an application, by default a new site, and sends requests to it under the host name `localhost`. */
export async function listen(app = makeSite()) {
  const server = await serve(app, { port: 0, silent: true });
  open.push(server);
  const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
    new Promise<Answer>((resolve, reject) => {
      const asked = httpRequest(
        { port: server.port, host: "127.0.0.1", path, method, headers: { host: "localhost", ...headers } },
        (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (part: string) => (body += part));
          response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text: body }));
        },
      );
      asked.on("error", reject);
      asked.end();
    });
  // The inspector is loaded when the application is made.
  if (app.debug) await expect.poll(async () => (await get("/__mini")).status).toBe(200);
  return { server, get };
}

/** A request, as the inspector sends it to its page. */
export interface ShownEntry {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly rule?: string;
  readonly near: readonly { readonly path: string; readonly why: string }[];
  readonly spans: readonly {
    readonly name: string;
    readonly label: string;
    readonly from: number;
    readonly to?: number;
    readonly details: readonly (readonly [string, string])[];
    readonly changes: readonly { readonly key: string; readonly before: string; readonly after: string }[];
  }[];
  readonly error?: string;
  readonly calls: readonly { readonly text: string; readonly lines: readonly { readonly text: string; readonly isCall: boolean }[] }[];
}

/**
 * Reads the events of the inspector until there are as many requests as the caller wants.
 *
 * @param headers - More headers, such as `Last-Event-ID`.
 */
export function entries(server: Server, count: number, headers: Readonly<Record<string, string>> = {}): Promise<readonly ShownEntry[]> {
  return new Promise((resolve, reject) => {
    let body = "";
    const asked = httpRequest({ port: server.port, path: "/__mini/events", headers: { host: "localhost", ...headers } }, (response) => {
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
        const found = Array.from(
          body.matchAll(/^event: request\nid: \d+\ndata: (.*)\n\n/gm),
          ([, data]) => JSON.parse(data!) as ShownEntry,
        );
        if (found.length < count) return;
        asked.destroy();
        resolve(found);
      });
    });
    stops.push(() => asked.destroy());
    asked.on("error", reject);
    asked.end();
  });
}
