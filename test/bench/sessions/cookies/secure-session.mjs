// @fastify/secure-session, which encrypts the cookie.
import secureSession from "@fastify/secure-session";
import fastify from "fastify";

export async function start() {
  const app = fastify();
  const cookie = { path: "/", httpOnly: true, sameSite: "lax" };
  await app.register(secureSession, { key: Buffer.alloc(32, 7), cookieName: "session", cookie });
  const send = (reply, text) => reply.type("text/plain;charset=UTF-8").send(text);
  app.get("/untouched", (_request, reply) => send(reply, "Hello world!"));
  app.get("/read", (request, reply) => send(reply, `count ${request.session.get("count")}`));
  app.get("/change", (request, reply) => {
    request.session.set("count", (request.session.get("count") ?? 0) + 1);
    return send(reply, `count ${request.session.get("count")}`);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
