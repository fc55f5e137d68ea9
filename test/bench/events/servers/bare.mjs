// The floor: node:http, which makes the text of an event once and writes it into every response.
import { createServer } from "node:http";
import { sender } from "../notes.mjs";

const clients = new Set();

export const send = sender((note) => {
  const text = `event: note\nid: ${note.id}\ndata: ${JSON.stringify(note)}\n\n`;
  for (const response of clients) response.write(text);
});

export function start() {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).flushHeaders();
    clients.add(response);
    response.on("close", () => clients.delete(response));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
