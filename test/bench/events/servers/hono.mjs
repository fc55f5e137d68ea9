// hono on @hono/node-server, with its streamSSE.
import { EventEmitter } from "node:events";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { sender } from "../notes.mjs";

const added = new EventEmitter().setMaxListeners(0);

export const send = sender((note) => added.emit("note", note));

export function start() {
  const app = new Hono();
  app.get("/", (context) =>
    streamSSE(context, async (stream) => {
      const onNote = (note) => void stream.writeSSE({ event: "note", id: String(note.id), data: JSON.stringify(note) });
      added.on("note", onNote);
      await new Promise((resolve) => stream.onAbort(resolve));
      added.off("note", onNote);
    }),
  );
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  });
}
