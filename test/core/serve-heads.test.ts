import { App, RequestHandler, Response, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterEach, describe, expect, test } from "vitest";
import { get, post } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";
import { readRaw, sendRaw } from "../support/raw-http.ts";

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** A server whose only handler answers with this. With `Upgrade`, a middleware answers the handshake. */
async function listen(answer: () => Response): Promise<Server> {
  class Page extends RequestHandler {
    get() {
      return answer();
    }
    post() {
      return answer();
    }
  }
  class Refusal {
    beforeDispatch({ request }: RequestHandler) {
      return request.headers.get("upgrade") === "websocket" ? answer() : undefined;
    }
  }
  const app = new App({ rules: [new Rule("/", { handler: Page })], middleware: [Refusal] });
  const server = await serve(app, { port: 0, silent: true, gracefulShutdown: false, upgrade: () => undefined });
  open.push(server);
  return server;
}

const close = get("/", "Connection: close");
const handshake = get("/", "Connection: Upgrade", "Upgrade: websocket");

describe.each([
  ["text in ASCII", () => "page", "page"],
  ["text in other characters", () => "Zoë 日本", "Zo\xc3\xab \xe6\x97\xa5\xe6\x9c\xac"],
  ["bytes", () => Uint8Array.of(0xff, 0xfe), "\xff\xfe"],
  ["a stream", () => new Blob(["é"]).stream(), "\xc3\xa9"],
])("the head of a response with %s", (_title, body, sent) => {
  const answer = () => new Response(body(), { statusText: "Gut für", headers: { "x-name": "Zoë" } });

  test.each([
    ["a request", close, 0],
    ["a request behind another one", get("/") + close, 1],
    ["a handshake that is refused", handshake, 0],
  ])("to %s has its own bytes, whatever the body has", async (_name, bytes, which) => {
    const { port } = await listen(answer);
    const received = await sendRaw(port, bytes);
    const heads = received.split("HTTP/1.1 ").slice(1);
    expect(heads[which]).toMatch(/^200 Gut f\xfcr\r\n/);
    expect(heads[which]).toMatch(/\r\nx-name: Zo\xeb\r\n/);
    expect(heads[which]).toContain(sent);
  });
});

test("a handshake is refused with a length that the response has itself", async () => {
  const { port } = await listen(() => new Response("four", { headers: { "content-length": "4", trailer: "x" } }));
  const [{ values, body } = { values: () => [], body: "" }] = readRaw(await sendRaw(port, handshake));
  expect([values("content-length"), values("trailer"), body]).toEqual([["4"], [], "four"]);
});

test("a response with status 204 has no Content-Length, even if the application sets it (RFC 9110 §8.6)", async () => {
  const { port } = await listen(() => new Response(null, { status: 204, headers: { "content-length": "0" } }));
  expect((await sendRaw(port, close)).toLowerCase()).not.toContain("content-length");
});

describe("a response with the Connection header of another server", () => {
  const copied = { connection: "Keep-Alive", "keep-alive": "timeout=99" };

  test.each([
    ["that asks for the end", close],
    ["of HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
    ["for another protocol", post("/", "abc", "Connection: Upgrade", "Upgrade: h2c")],
    ["for a web socket", handshake],
  ])("ends the connection after a request %s", async (_title, bytes) => {
    const { port } = await listen(() => new Response("page", { headers: copied }));
    const [answer] = readRaw(await sendRaw(port, bytes));
    expect([answer?.values("connection"), answer?.values("keep-alive")]).toEqual([["close"], []]);
  });

  test("says how long the connection is kept open", async () => {
    const { port } = await listen(() => new Response("page", { headers: copied }));
    const client = await RawClient.open(port);
    await client.send(get("/"));
    expect((await client.answer()).headers).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=5" });
    client.reset();
  });

  test.each([
    ["close", ["close"]],
    ["Upgrade", ["upgrade, close"]],
    ["x-other, close", ["x-other, close"]],
  ])("keeps the other options of %s", async (connection, options) => {
    const { port } = await listen(() => new Response("page", { status: 426, headers: { connection, upgrade: "foo" } }));
    const [answer] = readRaw(await sendRaw(port, close));
    expect([answer?.status, answer?.values("connection"), answer?.values("upgrade")]).toEqual([426, options, ["foo"]]);
  });
});
