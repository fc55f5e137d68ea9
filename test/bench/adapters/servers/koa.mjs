// koa, with koa-session and a Map as its store.
import Router from "@koa/router";
import { koaSessions } from "@mini/session/koa";
import Koa from "koa";
import session from "koa-session";
import { cookie, mine, none, ours, plain, secret } from "../config.mjs";

function mapStore() {
  const texts = new Map();
  const parse = (text) => text && JSON.parse(text);
  return {
    get: async (key) => parse(texts.get(key)),
    set: async (key, data) => void texts.set(key, JSON.stringify(data)),
    destroy: async (key) => void texts.delete(key),
  };
}

/** @param {"koa-session" | "mini" | "none"} library */
export async function start(library, place) {
  const app = new Koa({ keys: [secret] });
  if (library === "mini") app.use(koaSessions(await ours(place)));
  if (library === "koa-session") app.use(session({ ...cookie, key: "session", store: mapStore() }, app));
  const { read, change } = { mini: mine, none, "koa-session": plain }[library];
  const router = new Router();
  router.get("/untouched", (context) => {
    context.body = "Hello world!";
  });
  router.get("/read", async (context) => {
    context.body = `count ${await read(context.session)}`;
  });
  router.get("/change", async (context) => {
    context.body = `count ${await change(context.session)}`;
  });
  app.use(router.routes());
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
