// cookie-session on express. Features of express that our server does not have are switched off.
import cookieSession from "cookie-session";
import express from "express";

export function start() {
  const app = express().disable("x-powered-by").disable("etag");
  app.use(cookieSession({ name: "session", keys: ["benchmark ".repeat(4)], path: "/", httpOnly: true, sameSite: "lax" }));
  app.get("/untouched", (_request, response) => void response.type("text/plain").send("Hello world!"));
  app.get("/read", (request, response) => void response.type("text/plain").send(`count ${request.session.count}`));
  app.get("/change", (request, response) => {
    request.session.count = (request.session.count ?? 0) + 1;
    response.type("text/plain").send(`count ${request.session.count}`);
  });
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
