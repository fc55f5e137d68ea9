// The floor: node:http with a store of AsyncLocalStorage around each request, and the same answers by hand.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";

const storage = new AsyncLocalStorage();

function send(response, type, body) {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Takes the two parameters out, and looks for no rule. */
const rules = () => (request, response) => {
  const parts = request.url.split("/");
  const at = parts.length - (parts.at(-1) === "edit" ? 3 : 2);
  if (parts[at] !== "comments" && parts[at] !== "attachments") return response.writeHead(404).end();
  send(response, "application/json", JSON.stringify({ id: parts[at - 1], item: parts[at + 1] }));
};

const readers = (reads) => (_request, response) => {
  let length = 0;
  for (let i = 0; i < reads; i++) length += storage.getStore().request.url.length;
  send(response, "text/plain;charset=UTF-8", String(length));
};

const listeners = { rules, readers };

/** @param {keyof typeof listeners} scenario */
export function start(scenario, amount) {
  const handle = listeners[scenario](Number(amount));
  return new Promise((resolve) => {
    const server = createServer((request, response) => storage.run({ request }, handle, request, response));
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
