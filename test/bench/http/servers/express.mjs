// express, as in production.
import express from "express";
import { hello, page, rules } from "../scenarios.mjs";

const routes = {
  hello: (app) => app.get("/", (_request, response) => void response.type("text/plain").send(hello)),
  params(app) {
    for (const rule of rules) app.get(rule, (request, response) => void response.json(request.params));
  },
  page: (app) => app.get("/", (_request, response) => void response.send(page)),
  json: (app) => app.post("/", express.json(), (request, response) => void response.json(request.body)),
};

export function start(scenario) {
  const app = express();
  routes[scenario](app);
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
