// express without ETag and X-Powered-By, and express-session that saves changed sessions only.
import { nodeSessions } from "@mini/session/node";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { connectRedis } from "../../sessions/clients.mjs";
import { cookie, mine, none, ours, plain, secret } from "../config.mjs";

// express-session warns about its memory store.
console.warn = () => {};

const stores = {
  memory: () => new session.MemoryStore(),
  redis: async () => new RedisStore({ client: await connectRedis(), disableTouch: true }),
};

async function peer(place) {
  const store = await stores[place]();
  return session({ store, secret, name: "session", resave: false, saveUninitialized: false, cookie });
}

/** @param {"express-session" | "mini" | "none"} library */
export async function start(library, place) {
  const app = express().disable("x-powered-by").disable("etag");
  if (library === "mini") app.use(nodeSessions(await ours(place)));
  if (library === "express-session") app.use(await peer(place));
  const { read, change } = { mini: mine, none, "express-session": plain }[library];
  const send = (response, text) => void response.type("text/plain").send(text);
  app.get("/untouched", (_request, response) => send(response, "Hello world!"));
  app.get("/read", async (request, response) => send(response, `count ${await read(request.session)}`));
  app.get("/change", async (request, response) => send(response, `count ${await change(request.session)}`));
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
