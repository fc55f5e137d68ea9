// fastify with @fastify/sse.
import { EventEmitter } from "node:events";
import sse from "@fastify/sse";
import fastify from "fastify";
import { sender } from "../notes.mjs";

const added = new EventEmitter().setMaxListeners(0);

export const send = sender((note) => added.emit("note", note));

export async function start() {
  const app = fastify();
  await app.register(sse);
  app.get("/", { sse: "only" }, (_request, reply) => {
    const onNote = (note) => void reply.sse.send({ event: "note", id: String(note.id), data: note });
    added.on("note", onNote);
    reply.sse.onClose(() => added.off("note", onNote));
    reply.sse.keepAlive();
    reply.sse.sendHeaders();
    reply.raw.flushHeaders();
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
