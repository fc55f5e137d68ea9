// The floor: node:http, with URLSearchParams and @fastify/busboy, or with a store of AsyncLocalStorage around each request.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { Busboy } from "@fastify/busboy";
import { answerOrder, answerPicture, checked, Order, Picture } from "../schemas.mjs";

const storage = new AsyncLocalStorage();

function sendJson(response, data) {
  const body = JSON.stringify(data);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function urlencoded(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const fields = new URLSearchParams(Buffer.concat(chunks).toString());
    const order = checked(Order, { ...Object.fromEntries(fields), topics: fields.getAll("topics") });
    sendJson(response, answerOrder(order));
  });
}

function multipart(request, response) {
  const fields = {};
  const busboy = new Busboy({ headers: request.headers });
  busboy.on("field", (name, value) => (fields[name] = value));
  busboy.on("file", (field, stream, name, _encoding, type) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const bytes = Buffer.concat(chunks);
      fields[field] = { name, type, size: bytes.length, bytes };
    });
  });
  busboy.on("finish", () => {
    const picture = checked(Picture, fields);
    sendJson(response, answerPicture(picture, picture.photo.bytes));
  });
  request.pipe(busboy);
}

const listeners = { "form-urlencoded": urlencoded, "form-multipart": multipart };

export function start(scenario, variant) {
  const handle = listeners[scenario];
  const inStore = (request, response) => storage.run({}, handle, request, response);
  return new Promise((resolve) => {
    const server = createServer(variant === "storage" ? inStore : handle);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
