// The floor: node:http and nothing else, or with a store of AsyncLocalStorage around each request.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { hello, page, rules } from "../scenarios.mjs";

const storage = new AsyncLocalStorage();

function send(response, type, body) {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const sendJson = (response, data) => send(response, "application/json", JSON.stringify(data));

/** As somebody would do it by hand: the prefix picks the rule, the rest is taken apart. */
function params() {
  const known = new Set(rules.map((rule) => rule.slice(1).split("/")[0]));
  return (request, response) => {
    const [, name, id, kind, comment] = request.url.split("/");
    if (known.has(name) && kind === "comments") return sendJson(response, { id, comment });
    response.writeHead(404).end();
  };
}

function json(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => sendJson(response, JSON.parse(Buffer.concat(chunks).toString())));
}

const listeners = {
  hello: () => (_request, response) => send(response, "text/plain;charset=UTF-8", hello),
  params,
  page: () => (_request, response) => send(response, "text/html;charset=UTF-8", page),
  json: () => json,
};

export function start(scenario, variant) {
  const handle = listeners[scenario]();
  const inStore = (request, response) => storage.run({}, handle, request, response);
  return new Promise((resolve) => {
    const server = createServer(variant === "storage" ? inStore : handle);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
