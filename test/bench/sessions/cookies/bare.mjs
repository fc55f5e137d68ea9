// The floor: node:http, and a signed cookie read or changed by hand.
import { createServer } from "node:http";
import { fillingOf } from "../filling.mjs";
import { answer, hello, listen, readSigned, writeSigned } from "../signed.mjs";

function session(request, response) {
  const text = readSigned(request.headers.cookie);
  const data = text === undefined ? {} : JSON.parse(Buffer.from(text, "base64url").toString());
  if (request.url === "/read") return answer(response, data);
  Object.assign(data, fillingOf(request.url));
  data.count = (data.count ?? 0) + 1;
  answer(response, data, writeSigned(Buffer.from(JSON.stringify(data)).toString("base64url")));
}

export const start = () =>
  listen(createServer((request, response) => (request.url === "/untouched" ? hello(response) : session(request, response))));
