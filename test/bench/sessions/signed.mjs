// A signed cookie by hand, the least that a session in a cookie or an id in one needs.
import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

const key = createSecretKey(Buffer.alloc(32, 7));
const mac = (text) => createHmac("sha256", key).update(text).digest();

/** What the cookie says; undefined where there is none or it was not signed here. */
export function readSigned(header) {
  const value = /(?:^|; )session=([^;]*)/.exec(header ?? "")?.[1];
  const [text, given] = value?.split(".") ?? [];
  const bytes = Buffer.from(given ?? "", "base64url");
  return bytes.length === 32 && timingSafeEqual(bytes, mac(text)) ? text : undefined;
}

/** @param text - In base64url. */
export const writeSigned = (text) => `session=${text}.${mac(text).toString("base64url")}; Path=/; HttpOnly; SameSite=Lax`;

/** Answers with the count, and sets a cookie where there is one. */
export function answer(response, { count }, cookie) {
  const body = `count ${count}`;
  const headers = { "content-type": "text/plain;charset=UTF-8", "content-length": Buffer.byteLength(body), vary: "Cookie" };
  if (cookie !== undefined) Object.assign(headers, { "set-cookie": cookie, "cache-control": "no-store" });
  response.writeHead(200, headers);
  response.end(body);
}

/** The answer where no session is asked for. */
export function hello(response) {
  response.writeHead(200, { "content-type": "text/plain;charset=UTF-8", "content-length": 12 });
  response.end("Hello world!");
}

/** Resolves to the port that node:http listens on. */
export function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
