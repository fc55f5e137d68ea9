// fastify, with @fastify/secure-session for the sessions.
import secureSession from "@fastify/secure-session";
import fastify from "fastify";

export async function start() {
  const app = fastify();
  app.get("/", (_request, reply) => reply.type("text/plain;charset=UTF-8").send("Hello world!"));
  await app.register(async (scope) => {
    await scope.register(secureSession, {
      key: Buffer.alloc(32, 7),
      cookieName: "session",
      cookie: { path: "/", httpOnly: true, sameSite: "lax" },
    });
    const count = (request, reply) => {
      if (request.url === "/change") request.session.set("count", (request.session.get("count") ?? 0) + 1);
      return reply.type("text/plain;charset=UTF-8").send(`count ${request.session.get("count")}`);
    };
    scope.get("/untouched", (_request, reply) => reply.type("text/plain;charset=UTF-8").send("Hello world!"));
    scope.get("/read", count);
    scope.get("/change", count);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
