// koa-session on koa, with its sessions in the cookie.
import Router from "@koa/router";
import Koa from "koa";
import session from "koa-session";

export function start() {
  const app = new Koa({ keys: ["benchmark ".repeat(4)] });
  const router = new Router();
  router.get("/untouched", (context) => {
    context.body = "Hello world!";
  });
  router.get("/read", (context) => {
    context.body = `count ${context.session.count}`;
  });
  router.get("/change", (context) => {
    context.session.count = (context.session.count ?? 0) + 1;
    context.body = `count ${context.session.count}`;
  });
  app.use(session({ key: "session", path: "/", httpOnly: true, sameSite: "lax" }, app)).use(router.routes());
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
