// koa, with the router and the parser of bodies that its makers give it.
import { bodyParser } from "@koa/bodyparser";
import Router from "@koa/router";
import Koa from "koa";
import { hello, page, rules } from "../scenarios.mjs";

const answer = (body) => (context) => {
  context.body = body;
};

const routes = {
  hello: (router) => router.get("/", answer(hello)),
  params(router) {
    for (const rule of rules) {
      router.get(rule, (context) => {
        context.body = context.params;
      });
    }
  },
  page: (router) => router.get("/", answer(page)),
  json: (router) =>
    router.post("/", bodyParser(), (context) => {
      context.body = context.request.body;
    }),
};

export function start(scenario) {
  const router = new Router();
  routes[scenario](router);
  const app = new Koa().use(router.routes());
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
