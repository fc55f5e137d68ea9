import { once } from "node:events";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import { App, json, request, RequestHandler, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { RawClient } from "../support/raw-client.ts";
import { flags, frame, frameTypes, headerBlock, RawHttp2Client } from "../support/raw-http2.ts";

class Target extends RequestHandler {
  get() {
    return json(request.url);
  }
}
const app = new App({ rules: [new Rule("/", { handler: Target }), new Rule("/*path", { handler: Target })] });
let plain: Server;
let secure: Server;
beforeAll(async () => {
  const options = { port: 0, silent: true, gracefulShutdown: false };
  plain = await serve(app, options);
  secure = await serve(app, { ...options, tls: certificate });
});
afterAll(() => Promise.all([plain.close(), secure.close()]));

/** The status and the body of an answer over HTTP/1. */
async function ask(line: string, headers = "Host: localhost\r\n"): Promise<string> {
  const client = await RawClient.open(plain.port);
  await client.send(`${line}\r\n${headers}\r\n`);
  const { status, body } = await client.answer();
  client.reset();
  return status === 200 ? body : String(status);
}

/** The status of an answer over HTTP/2, or `reset` where the library under Node refuses the request itself. */
async function askHttp2(head: Readonly<Record<string, string>>): Promise<string> {
  const headers = { ":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/", ...head };
  const client = await RawHttp2Client.open(secure.port);
  await client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, headerBlock(Object.entries(headers))));
  const answered = await client.until(
    "an answer",
    ({ type, stream }) => stream === 1 && (type === frameTypes.reset || type === frameTypes.headers),
  );
  client.socket.destroy();
  if (answered?.type !== frameTypes.headers) return "reset";
  // The statuses that HPACK has a number for, RFC 7541 Appendix A.
  return ({ 0x88: "200", 0x8c: "400" } as Readonly<Record<number, string>>)[answered.payload[0]!] ?? "another status";
}

/** An answer to a client of Node, which decodes it. */
async function fetchHttp2(headers: OutgoingHttpHeaders): Promise<string> {
  const client = connect(secure.url, { ca: certificate.cert });
  try {
    const stream = client.request(headers);
    const [head] = (await once(stream, "response")) as [Record<string, unknown>];
    let body = "";
    for await (const chunk of stream.setEncoding("utf8")) body += String(chunk);
    return head[":status"] === 200 ? body : String(head[":status"]);
  } finally {
    client.destroy();
  }
}

const invalid: readonly (readonly [title: string, path: string])[] = [
  ["a backslash, which a URL parser takes for a slash", "/public\\..\\admin"],
  ["a backslash at its start", "/\\evil.example"],
  ["#", "/admin#/public.png"],
  ["# at its end", "/admin#"],
  ["# in its query", "/admin?a=1#b"],
  ["a tab, which a URL parser drops", "/ad\tmin"],
  ["a line feed", "/ad\nmin"],
  ["a space", "/ad min"],
  ["DEL", "/ad\x7fmin"],
  ["a byte beyond ASCII", "/ad\xe9min"],
  ["a byte beyond ASCII in its query", "/?a=\xe9"],
  ["no slash at its start", "admin"],
  ["nothing", ""],
  ["a query only", "?a=b"],
];

describe("a target with an invalid character is refused, not repaired", () => {
  test.each(invalid)("over HTTP/1: %s", async (_title, path) => {
    expect(await ask(`GET ${path} HTTP/1.1`)).toBe("400");
  });

  test.each(invalid)("over HTTP/2: %s", async (_title, path) => {
    expect(["400", "reset"]).toContain(await askHttp2({ ":path": path }));
  });

  test.each([
    ["backslash in the host's end", "http://localhost\\admin"],
    ["one slash", "http:/localhost/admin"],
    ["no host", "http:///admin"],
    ["a user name", "http://user@localhost/admin"],
    ["a fragment", "http://localhost/#admin"],
    ["a backslash in the path", "http://localhost/public\\..\\admin"],
    ["another scheme", "ftp://localhost/"],
    ["https, although the connection is not secure (RFC 9110 §7.4)", "https://localhost/"],
  ])("a whole URL: %s", async (_title, target) => {
    expect(await ask(`GET ${target} HTTP/1.1`)).toBe("400");
  });
});

test.each(["/a|b", "/a^b", "/a[1]", "/a?b=\\", "/a?b=[c]|{d}^`", "/~a/!$&'()*+,;=:@", "/%5C", "/%23"])(
  "a target as browsers send it is served the same over both versions: %s",
  async (target) => {
    const path = target === "/a^b" ? expect.stringMatching(/\/a(?:\^|%5E)b$/) : undefined;
    expect(JSON.parse(await ask(`GET ${target} HTTP/1.1`))).toEqual(path ?? `http://localhost${target}`);
    expect(JSON.parse(await fetchHttp2({ ":path": target, ":authority": "localhost" }))).toEqual(path ?? `https://localhost${target}`);
  },
);

describe("over HTTP/2 (RFC 9113 §8.3.1)", () => {
  test.each([
    ["a scheme that is not of HTTP", { ":scheme": "x", ":path": "x:admin" }],
    ["a scheme that is not of HTTP, with a path", { ":scheme": "x" }],
    ["a whole URL as its path", { ":path": "http://evil.example/admin" }],
    ["an asterisk for another method than OPTIONS", { ":path": "*" }],
    ["another host beside the authority", { host: "other.example" }],
    ["an authority with a user name", { ":authority": "user@localhost" }],
    ["an authority with a path", { ":authority": "localhost/admin" }],
  ])("%s: refused", async (_title, head) => {
    expect(["400", "reset"]).toContain(await askHttp2(head));
  });

  test("the same host beside the authority is served", async () => {
    expect(await askHttp2({ host: "localhost" })).toBe("200");
  });

  test("two hosts: refused", async () => {
    const client = await RawHttp2Client.open(secure.port);
    const head = [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      ["host", "localhost"],
      ["host", "other.example"],
    ] as const;
    await client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, headerBlock(head)));
    const answered = await client.until("an answer", ({ stream }) => stream === 1);
    expect(answered?.payload[0] === 0x8c || answered?.type === frameTypes.reset).toBe(true);
    client.socket.destroy();
  });
});

test.each([
  ["chunks", "Transfer-Encoding: chunked\r\n"],
  ["chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"],
  ["another coding", "Transfer-Encoding: gzip\r\n"],
])("HTTP/1.0 with %s: 400, and the connection is closed (RFC 9112 §6.1)", async (_title, lines) => {
  const client = await RawClient.open(plain.port);
  await client.send(`POST / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n${lines}\r\n0\r\n\r\n`);
  expect((await client.answer()).status).toBe(400);
  expect(await client.end()).toEqual({ how: "closed", rest: "" });
});
