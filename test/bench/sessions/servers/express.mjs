// express, with express-session and its memory store or connect-redis. Features that our server and sessions do not have are switched off.
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { connectRedis } from "../clients.mjs";

// It says in production that its memory store is not for production.
console.warn = () => {};

/** @param {string} variant - `redis`, or anything else for memory. */
export async function start(variant) {
  const store = variant === "redis" ? new RedisStore({ client: await connectRedis(), disableTouch: true }) : new session.MemoryStore();
  const app = express().disable("x-powered-by").disable("etag");
  const cookie = { path: "/", httpOnly: true, sameSite: "lax" };
  app.use(session({ store, secret: "benchmark ".repeat(4), name: "session", resave: false, saveUninitialized: false, cookie }));
  app.get("/read", (request, response) => void response.type("text/plain").send(`count ${request.session.count}`));
  app.get("/change", (request, response) => {
    request.session.count = (request.session.count ?? 0) + 1;
    response.type("text/plain").send(`count ${request.session.count}`);
  });
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
