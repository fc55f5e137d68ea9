// hono on @hono/node-server, with its serveStatic.
import { relative } from "node:path";
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { folder } from "../contents.mjs";

export function start() {
  const app = new Hono();
  const rewriteRequestPath = (path) => path.slice("/static".length);
  app.use("/static/*", serveStatic({ root: relative(process.cwd(), folder), rewriteRequestPath }));
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
