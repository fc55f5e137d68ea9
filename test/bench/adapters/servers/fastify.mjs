// fastify, and @fastify/session that saves changed sessions only.
import cookies from "@fastify/cookie";
import session from "@fastify/session";
import { fastifySessions } from "@mini/session/fastify";
import { RedisStore } from "connect-redis";
import fastify from "fastify";
import { connectRedis } from "../../sessions/clients.mjs";
import { cookie, mine, none, ours, plain, secret } from "../config.mjs";

const stores = {
  memory: () => ({}),
  redis: async () => ({ store: new RedisStore({ client: await connectRedis(), disableTouch: true }) }),
};

async function usePeer(app, place) {
  const store = await stores[place]();
  const options = { secret, cookieName: "session", rolling: false, saveUninitialized: false };
  await app.register(cookies);
  await app.register(session, { ...store, ...options, cookie: { ...cookie, secure: false } });
}

/** @param {"@fastify/session" | "mini" | "none"} library */
export async function start(library, place) {
  const app = fastify();
  if (library === "mini") await app.register(fastifySessions(await ours(place)));
  if (library === "@fastify/session") await usePeer(app, place);
  const { read, change } = { mini: mine, none, "@fastify/session": plain }[library];
  const typed = (reply) => reply.type("text/plain;charset=UTF-8");
  app.get("/untouched", (_request, reply) => typed(reply).send("Hello world!"));
  app.get("/read", async (request, reply) => typed(reply).send(`count ${await read(request.session)}`));
  app.get("/change", async (request, reply) => typed(reply).send(`count ${await change(request.session)}`));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
