// Ours, from the built packages.
import { App, html, json, raw, request, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { hello, page, rules } from "../scenarios.mjs";

class Hello extends RequestHandler {
  get() {
    return text(hello);
  }
}

class Resource extends RequestHandler {
  get(args) {
    return json(args);
  }
}

class Page extends RequestHandler {
  get() {
    return html`${raw(page)}`;
  }
}

class Order extends RequestHandler {
  async post() {
    return json(await request.json());
  }
}

const apps = {
  hello: () => [new Rule("/", { handler: Hello })],
  params: () => rules.map((path) => new Rule(path, { handler: Resource })),
  page: () => [new Rule("/", { handler: Page })],
  json: () => [new Rule("/", { handler: Order })],
};

export async function start(scenario) {
  const app = new App({ rules: apps[scenario]() });
  return (await serve(app, { port: 0, silent: true })).port;
}
