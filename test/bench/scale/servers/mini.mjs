// Ours, from the built packages: with many rules, and with a handler that reads often.
import { App, json, local, request, RequestHandler, Rule, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { makeRules } from "../../routers/rules.mjs";

class Args extends RequestHandler {
  get(args) {
    return json(args);
  }
}

/** Reads `request` and `local` in turns. */
const readerOf = (reads) =>
  class extends RequestHandler {
    get() {
      let length = 0;
      for (let i = 0; i < reads; i++) length += (i % 2 === 0 ? request : local.request).path.length;
      return text(String(length));
    }
  };

const apps = {
  rules: (size) => makeRules(size).map(({ path }) => new Rule(path, { handler: Args })),
  readers: (reads) => [new Rule("/", { handler: readerOf(reads) })],
};

/** @param {keyof typeof apps} scenario */
export async function start(scenario, amount) {
  const app = new App({ rules: apps[scenario](Number(amount)) });
  return (await serve(app, { port: 0, silent: true })).port;
}
