// hono on @hono/node-server, or with its middleware for AsyncLocalStorage.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { contextStorage } from "hono/context-storage";
import { hello, page, rules } from "../scenarios.mjs";

const routes = {
  hello: (app) => app.get("/", (context) => context.text(hello)),
  params(app) {
    for (const rule of rules) app.get(rule, (context) => context.json(context.req.param()));
  },
  page: (app) => app.get("/", (context) => context.html(page)),
  json: (app) => app.post("/", async (context) => context.json(await context.req.json())),
};

export function start(scenario, variant) {
  const app = new Hono();
  if (variant === "storage") app.use(contextStorage());
  routes[scenario](app);
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
