// fastify, with @fastify/session and its memory store or connect-redis. Features that our server and sessions do not have are switched off.
import cookies from "@fastify/cookie";
import session from "@fastify/session";
import { RedisStore } from "connect-redis";
import fastify from "fastify";
import { connectRedis } from "../clients.mjs";

/** @param {string} variant - `redis`, or anything else for memory. */
export async function start(variant) {
  const inRedis = variant === "redis" ? { store: new RedisStore({ client: await connectRedis(), disableTouch: true }) } : {};
  const app = fastify();
  await app.register(cookies);
  await app.register(session, {
    ...inRedis,
    secret: "benchmark ".repeat(4),
    cookieName: "session",
    rolling: false,
    saveUninitialized: false,
    cookie: { path: "/", httpOnly: true, sameSite: "lax", secure: false },
  });
  const count = (request, reply) => reply.type("text/plain;charset=UTF-8").send(`count ${request.session.count}`);
  app.get("/read", count);
  app.get("/change", (request, reply) => {
    request.session.count = (request.session.count ?? 0) + 1;
    return count(request, reply);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
