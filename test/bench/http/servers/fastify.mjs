// fastify, or with a store of AsyncLocalStorage around each request.
import { AsyncLocalStorage } from "node:async_hooks";
import fastify from "fastify";
import { hello, page, rules } from "../scenarios.mjs";

const storage = new AsyncLocalStorage();

const routes = {
  hello: (app) => app.get("/", (_request, reply) => reply.type("text/plain;charset=UTF-8").send(hello)),
  params(app) {
    for (const rule of rules) app.get(rule, (request, reply) => reply.send(request.params));
  },
  page: (app) => app.get("/", (_request, reply) => reply.type("text/html;charset=UTF-8").send(page)),
  json: (app) => app.post("/", (request, reply) => reply.send(request.body)),
};

export async function start(scenario, variant) {
  const app = fastify();
  if (variant === "storage") app.addHook("onRequest", (_request, _reply, done) => storage.run({}, done));
  routes[scenario](app);
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
