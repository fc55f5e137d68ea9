// h3 on the server it comes with.
import { EventEmitter } from "node:events";
import { createEventStream, H3, serve } from "h3";
import { sender } from "../notes.mjs";

const added = new EventEmitter().setMaxListeners(0);

export const send = sender((note) => added.emit("note", note));

export async function start() {
  const app = new H3();
  app.get("/", (event) => {
    const stream = createEventStream(event);
    const onNote = (note) => void stream.push({ event: "note", id: String(note.id), data: JSON.stringify(note) });
    added.on("note", onNote);
    stream.onClosed(() => added.off("note", onNote));
    // The head is sent with the first bytes.
    void stream.pushComment("");
    return stream;
  });
  const server = await serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready();
  return Number(new URL(server.url).port);
}
