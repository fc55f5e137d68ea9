// hono on @hono/node-server.
import { serve } from "@hono/node-server";
import { Hono } from "hono";

export function start() {
  const app = new Hono();
  app.get("/", (context) => context.text("Hello world!"));
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
