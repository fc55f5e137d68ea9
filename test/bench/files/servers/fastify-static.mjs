// fastify with @fastify/static.
import fastifyStatic from "@fastify/static";
import fastify from "fastify";
import { folder } from "../contents.mjs";

export async function start() {
  const app = fastify();
  await app.register(fastifyStatic, { root: folder, prefix: "/static/" });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
