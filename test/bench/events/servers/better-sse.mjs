// better-sse on node:http, with its channel.
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";
import { sender } from "../notes.mjs";

const channel = createChannel();

export const send = sender((note) => channel.broadcast(note, "note", { eventId: String(note.id) }));

export function start() {
  const server = createServer((request, response) => {
    void createSession(request, response).then((session) => channel.register(session));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
