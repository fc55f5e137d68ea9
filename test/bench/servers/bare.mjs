// The floors: node:http alone, with AsyncLocalStorage, and with a signed cookie read or changed by hand.
import { AsyncLocalStorage } from "node:async_hooks";
import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = createSecretKey(Buffer.alloc(32, 7));
const storage = new AsyncLocalStorage();
const mac = (text) => createHmac("sha256", key).update(text).digest();

function readCookie(header) {
  const value = /(?:^|; )session=([^;]*)/.exec(header ?? "")?.[1];
  if (value === undefined) return {};
  const [payload, given] = value.split(".");
  const bytes = Buffer.from(given ?? "", "base64url");
  if (bytes.length !== 32 || !timingSafeEqual(bytes, mac(payload))) return {};
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

function writeCookie(data) {
  const payload = Buffer.from(JSON.stringify(data)).toString("base64url");
  return `session=${payload}.${mac(payload).toString("base64url")}; Path=/; HttpOnly; SameSite=Lax`;
}

const hello = (_request, response) => {
  response.writeHead(200, { "content-type": "text/plain;charset=UTF-8", "content-length": 12 });
  response.end("Hello world!");
};

function session(request, response) {
  const data = readCookie(request.headers.cookie);
  const headers = { "content-type": "text/plain;charset=UTF-8", vary: "Cookie" };
  if (request.url === "/change") {
    data.count = (data.count ?? 0) + 1;
    headers["set-cookie"] = writeCookie(data);
    headers["cache-control"] = "no-store";
  }
  const body = `count ${data.count}`;
  headers["content-length"] = Buffer.byteLength(body);
  response.writeHead(200, headers);
  response.end(body);
}

const handle = (request, response) => (request.url === "/" ? hello(request, response) : session(request, response));

/** @param {string} variant - `bare`, or `als` for a store around each request. */
export function start(variant) {
  const listener = variant === "als" ? (request, response) => storage.run({}, handle, request, response) : handle;
  return new Promise((resolve) => {
    const server = createServer(listener).listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
