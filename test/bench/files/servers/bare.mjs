// The floor: node:http, which reads the file for each request.
import { readFile } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { folder } from "../contents.mjs";

export function start() {
  const server = createServer((request, response) => {
    readFile(join(folder, request.url.slice("/static/".length)), (error, bytes) => {
      if (error !== null) return response.writeHead(404).end();
      response.writeHead(200, { "content-type": "text/css; charset=utf-8", "content-length": bytes.byteLength });
      response.end(bytes);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
