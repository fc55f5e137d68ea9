// sirv, as in production: it reads the state of all files at its start.
import { createServer } from "node:http";
import sirv from "sirv";
import { folder } from "../contents.mjs";

export function start() {
  const send = sirv(folder, { etag: true });
  const server = createServer((request, response) => {
    request.url = request.url.slice("/static".length);
    send(request, response, () => response.writeHead(404).end());
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
