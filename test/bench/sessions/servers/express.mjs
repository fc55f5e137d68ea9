// express, with express-session and its memory store; what it would do beyond ours is switched off.
import express from "express";
import session from "express-session";

// It says in production that its memory store is not for production.
console.warn = () => {};

export function start() {
  const app = express().disable("x-powered-by").disable("etag");
  const cookie = { path: "/", httpOnly: true, sameSite: "lax" };
  app.use(session({ secret: "benchmark ".repeat(4), name: "session", resave: false, saveUninitialized: false, cookie }));
  app.get("/read", (request, response) => void response.type("text/plain").send(`count ${request.session.count}`));
  app.get("/change", (request, response) => {
    request.session.count = (request.session.count ?? 0) + 1;
    response.type("text/plain").send(`count ${request.session.count}`);
  });
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
