// Serves the applications on Node, Bun or Deno until its input ends. Its first line names the address of each.
//
//   launch.mjs fetch|serve [redis URL] [postgres URL]
//
// fetch: by the server of the runtime itself; on Node, which has none for `fetch`, by a bridge. serve: by serve() of @mini/core.
import { createServer } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { Rule } from "@mini/core";
import { serve } from "@mini/core/serve";
import { StaticFiles } from "@mini/core/static";
import { appOf, sessions, withBackend } from "./apps.mjs";
import { inElysia, visits } from "./frameworks.mjs";

const [door, redisUrl, postgresUrl] = process.argv.slice(2);
const files = [new Rule("/files/*path", { handler: StaticFiles({ root: new URL("./files/", import.meta.url) }) })];
const kinds = Object.fromEntries(Object.entries(sessions).map(([kind, settings]) => [kind, appOf(settings(), files)]));
const ends = [];

if (door === "fetch") {
  const { Elysia } = await import("elysia");
  Object.assign(kinds, { visits: visits(sessions.cookie()), elysia: inElysia(sessions.cookie(), Elysia) });
}

if (redisUrl) {
  const { createClient } = await import("redis");
  const { RedisBackend } = await import("@mini/session/redis");
  const client = await createClient({ url: redisUrl }).connect();
  ends.push(() => client.close());
  kinds.redis = appOf(withBackend(new RedisBackend({ client })));
}
if (postgresUrl) {
  const { default: pg } = await import("pg");
  const { PostgresBackend } = await import("@mini/session/postgres");
  const pool = new pg.Pool({ connectionString: postgresUrl });
  const backend = new PostgresBackend({ pool });
  await backend.createTable();
  ends.push(() => pool.end());
  kinds.postgres = appOf(withBackend(backend));
}

const start = door === "serve" ? served : (globalThis.Bun && byBun) || (globalThis.Deno && byDeno) || bridged;
const servers = Object.entries(kinds).map(async ([kind, app]) => [kind, await start(app)]);
const started = Object.fromEntries(await Promise.all(servers));
console.log(JSON.stringify(Object.fromEntries(Object.entries(started).map(([kind, { url }]) => [kind, url]))));

const closeAll = () => Promise.all(Object.values(started).map(({ close }) => close()));
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "close") continue;
  await closeAll();
  console.log("closed");
}
// Nothing keeps the program alive after this.
await closeAll();
for (const end of ends) await end();

async function served(app) {
  return serve(app, { port: 0, silent: true, gracefulShutdown: false, timeouts: { idle: 500 } });
}

function byBun(app) {
  const server = globalThis.Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
  return { url: `http://127.0.0.1:${server.port}/`, close: () => server.stop(true) };
}

function byDeno(app) {
  const stop = new AbortController();
  const server = globalThis.Deno.serve({ port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen: () => undefined }, app.fetch);
  return { url: `http://127.0.0.1:${server.addr.port}/`, close: () => stop.abort() };
}

/** Requests and responses of the platform over node:http, as other frameworks have it. */
async function bridged(app) {
  // No request can be made of a URL with a host that is not one.
  const server = createServer((req, res) => void answer(req, res).catch(() => res.writeHead(400).end()));
  async function answer(req, res) {
    const gone = new AbortController();
    res.once("close", () => gone.abort());
    const hasBody = req.method !== "GET" && req.method !== "HEAD";
    const asked = new Request(`http://${req.headers.host}${req.url}`, {
      method: req.method,
      headers: Object.entries(req.headers).map(([name, value]) => [name, String(value)]),
      signal: gone.signal,
      ...(hasBody && { body: Readable.toWeb(req), duplex: "half" }),
    });
    const response = await app.fetch(asked, { ip: req.socket.remoteAddress });
    res.setHeaders(response.headers);
    // What is left of a body that was not read is not read here either.
    if (hasBody) res.setHeader("connection", "close");
    res.writeHead(response.status, response.statusText);
    if (response.body === null) res.end();
    else
      Readable.fromWeb(response.body)
        .on("error", () => res.destroy())
        .pipe(res);
  }
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() && server.closeAllConnections() };
}
