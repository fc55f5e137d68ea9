// h3 on the server it comes with.
import { H3, html, raw, serve } from "h3";
import { hello, page, rules } from "../scenarios.mjs";

const routes = {
  hello: (app) => app.get("/", () => hello),
  params(app) {
    for (const rule of rules) app.get(rule, (event) => event.context.params);
  },
  page: (app) => app.get("/", () => html`${raw(page)}`),
  json: (app) => app.post("/", (event) => event.req.json()),
};

export async function start(scenario) {
  const app = new H3();
  routes[scenario](app);
  const server = await serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready();
  return Number(new URL(server.url).port);
}
