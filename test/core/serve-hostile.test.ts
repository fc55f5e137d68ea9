import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { Response, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";
import { chunkedHead, get, startRawApp, type RawApp } from "../support/raw-app.ts";
import { RawClient } from "../support/raw-client.ts";

let app: RawApp;
beforeEach(async () => {
  app = await startRawApp();
});
afterEach(() => app.close());

test.each(["a.1", "1.2.3.4.5", "localhost:99999"])("the host %s, which no URL can have, is 400", async (host) => {
  const client = await app.open();
  await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  expect((await client.answer()).status).toBe(400);
  expect(app.handled).toEqual([]);
});

test("GET * is 400, because only OPTIONS may have an asterisk as its target (RFC 9112 §3.2.4)", async () => {
  const client = await app.open();
  await client.send(get("*"));
  expect((await client.answer()).status).toBe(400);
});

test("a request that follows one that was refused for its missing host is not handled (RFC 9112 §9.6)", async () => {
  const client = await app.open();
  await client.send(`GET / HTTP/1.1\r\n\r\n${get("/held/behind")}`);
  expect((await client.answer()).status).toBe(400);
  await client.end();
  expect(app.handled).toEqual([]);
});

test("after 413 for chunks over the limit, the connection serves the next request or is closed", async () => {
  const client = await app.open();
  const chunk = "x".repeat(65_536);
  void client.send(`${chunkedHead("/echo")}${`10000\r\n${chunk}\r\n`.repeat(80)}0\r\n\r\n${get("/")}`);
  expect((await client.answer()).status).toBe(413);
  const next = await client.answer().then(
    ({ status }) => status,
    () => "ended",
  );
  expect([200, "ended"]).toContain(next);
});

test("an upload that the client breaks off is not logged as an error", async () => {
  const client = await app.open();
  await client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
  await app.until("handled", 1);
  client.reset();
  await app.until("brokenOff", 1);
  const other = await app.open();
  await other.send(get("/"));
  await other.answer();
  expect(app.errors).toEqual([]);
});

const upgrade = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

test("after a request with Upgrade, the next request is answered, or the connection is closed", async () => {
  const client = await app.open();
  await client.send(upgrade + get("/stream/short"));
  expect((await client.answer()).body).toBe("home");
  const next = await client.answer().then(
    ({ body }) => body,
    () => "ended",
  );
  expect(["aaaaaaaaa", "ended"]).toContain(next);
});

test("after a request with Upgrade, the rest of a body is not read as a new request", async () => {
  const client = await app.open();
  await client.send(`${upgrade}POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 49\r\n\r\n`);
  expect((await client.answer()).body).toBe("home");
  await client.send(get("/held/smuggled"));
  const other = await app.open();
  await other.send(get("/"));
  await other.answer();
  expect(app.handled).not.toContain("GET smuggled");
});

test("a stream that waits for its turn on a connection is cancelled when the client leaves", async () => {
  const client = await app.open();
  await client.send(get("/held/first") + get("/stream/endless?mark=mine"));
  await app.until("handled", 2);
  client.reset();
  await app.until("brokenOff", 1);
  expect(app.brokenOff).toEqual(["mine of /stream/endless"]);
});

test("responses that are sent while the server closes have Connection: close (RFC 9112 §9.6)", async () => {
  const client = await app.open();
  await client.send(get("/held/last"));
  await app.until("handled", 1);
  const closed = app.server.close();
  app.release("last");
  expect((await client.answer()).headers["connection"]).toBe("close");
  await closed;
});

test("a server that closes does not wait for the rest of a request head", async () => {
  const client = await app.open();
  await client.send("GET / HTTP/1.1\r\nHo");
  const other = await app.open();
  await other.send(get("/"));
  await other.answer();
  await app.server.close();
  expect((await client.end()).rest).toBe("");
});

test.each(["0.9", "2.0"])("a request that says HTTP/%s over HTTP/1 is refused, CONNECT included", async (version) => {
  const [one, other] = [await app.open(), await app.open()];
  await one.send(`GET / HTTP/${version}\r\nHost: localhost\r\n\r\n`);
  expect((await one.end()).rest).toMatch(/^HTTP\/1\.1 (505|400) /);
  await other.send(`CONNECT localhost:80 HTTP/${version}\r\nHost: localhost\r\n\r\n`);
  expect((await other.end()).rest).toMatch(/^HTTP\/1\.1 (501|400) /);
  expect(app.handled).toEqual([]);
});

test("a body with a transfer coding other than chunked is 501, and nothing after it is read", async () => {
  const client = await app.open();
  const head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
  await client.send(`${head}0\r\n\r\n${get("/held/behind")}`);
  expect((await client.answer()).status).toBe(501);
  await client.end();
  expect(app.handled).toEqual([]);
});

test("a client that breaks off while its CONNECT is answered ends only its own connection", async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on("uncaughtException", note);
  try {
    const client = await app.open();
    await client.send("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await client.answer()).status).toBe(501);
    client.reset();
    await app.server.close();
    expect(uncaught).toEqual([]);
  } finally {
    process.off("uncaughtException", note);
  }
});

test("a client that keeps sending after CONNECT is disconnected after some time", async () => {
  const server = await serve(makeApp(() => text("fine")).app, { port: 0, silent: true, gracefulShutdown: false, timeouts: { idle: 60 } });
  try {
    const client = await RawClient.open(server.port);
    await client.send("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await client.answer()).status).toBe(501);
    while (!client.socket.destroyed) {
      await client.send("x");
      await new Promise(setImmediate);
    }
  } finally {
    await server.close();
  }
});

test("pipelined requests that wait for their turn do not add one listener each", async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error) => void warnings.push(name);
  process.on("warning", note);
  try {
    const client = await app.open();
    await client.send(get("/held/first") + get("/").repeat(30));
    await app.until("handled", 31);
    app.release("first");
    for (let i = 0; i < 31; i++) expect((await client.answer()).status).toBe(200);
    expect(warnings).toEqual([]);
  } finally {
    process.off("warning", note);
  }
});

describe("a response of fetch", () => {
  test("that was decoded is sent on without its Content-Encoding and its connection headers", async () => {
    const zipped = gzipSync("a".repeat(6000));
    const upstream = createServer((_request, response) => {
      response.writeHead(200, {
        "content-encoding": "gzip",
        "content-length": zipped.length,
        "keep-alive": "timeout=9",
        connection: "keep-alive, X-Hop,, =",
        "x-hop": "1",
        "x-kept": "1",
      });
      response.end(zipped);
    }).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const { port } = upstream.address() as AddressInfo;
    const server = await serve(makeApp(() => fetch(`http://127.0.0.1:${port}/`)).app, { port: 0, silent: true, gracefulShutdown: false });
    try {
      const client = await RawClient.open(server.port);
      await client.send(get("/") + get("/"));
      for (const { headers, body } of [await client.answer(), await client.answer()]) {
        expect([headers["content-encoding"], headers["x-kept"], headers["x-hop"], body.length]).toEqual([undefined, "1", undefined, 6000]);
        expect(headers["keep-alive"]).not.toBe("timeout=9");
      }
      client.reset();
    } finally {
      await server.close();
      upstream.closeAllConnections();
      upstream.close();
    }
  });

  test.each([
    ["longer", "a".repeat(20)],
    ["shorter", "a"],
  ])("that is %s than its Content-Length breaks off the connection, and is not read as the next response", async (_title, body) => {
    const stream = () => new Blob([body]).stream();
    const work = () => new Response(stream(), { headers: { "content-length": "9" } });
    const server = await serve(makeApp(work).app, { port: 0, silent: true, gracefulShutdown: false });
    try {
      const client = await RawClient.open(server.port);
      await client.send(get("/") + get("/"));
      const { rest } = await client.end();
      expect(rest.match(/HTTP\/1\.1 200/g) ?? []).not.toHaveLength(2);
    } finally {
      await server.close();
    }
  });
});
