import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { ConfigError, request, text } from "@mini/core";
import { serve } from "@mini/core/serve";
import { describe, expect, test } from "vitest";
import { request as send } from "../support/ask.ts";
import { certificate } from "../support/certificate.ts";
import { gate } from "../support/gate.ts";
import { makeApp } from "../support/one-handler.ts";
import { servedHandlers } from "../support/served-handler.ts";
import { answered, askAndWait, askHttp2, connectSecurely, endless, reach, watch, write } from "../support/slow-clients.ts";

const listen = servedHandlers();

const secure = { tls: certificate };
const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n";

describe("a request's head", () => {
  test.each([
    ["its path", (size: number) => `GET /${"x".repeat(size)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a header", (size: number) => `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(size)}\r\nConnection: close\r\n\r\n`],
    ["many headers", (size: number) => `GET / HTTP/1.1\r\nHost: a\r\n${"Xxxxx: yyyyy\r\n".repeat(size / 10)}Connection: close\r\n\r\n`],
  ])("may have 16 KiB or as much as configured; a larger one is 431: %s", async (_title, bytes) => {
    const server = await listen({});
    // Some versions of Node count what stands between names and values, others do not.
    expect(await write(server.port, bytes(7000)).all).toMatch(/^HTTP\/1\.1 (200|404) /);
    expect(await write(server.port, bytes(17_000)).all).toMatch(/^HTTP\/1\.1 431 /);
    const small = await listen({ maxHeaderSize: 1000 });
    expect(await write(small.port, bytes(1200)).all).toMatch(/^HTTP\/1\.1 431 /);
    expect((await send(server.url)).statusCode).toBe(200);
  });

  test.each([
    ["is not finished", "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["is not begun by a whole line", "GET"],
  ])("that %s in time is 408", async (_title, bytes) => {
    const server = await listen({ timeouts: { headers: 60 } });
    expect(await write(server.port, bytes).all).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  test("that arrives slowly is 408: the time limit is for the whole head", async () => {
    const server = await listen({ timeouts: { headers: 120 } });
    const { socket, all } = write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n");
    const trickle = setInterval(() => socket.write("X: y\r\n"), 10);
    try {
      expect(await all).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(trickle);
    }
  });
});

describe("a request's body", () => {
  const reading = async () => text(await request.text());

  test("that does not arrive in time is 408, and the handler gets an error while reading it", async () => {
    const failed: string[] = [];
    const begun = gate();
    const server = await listen({ timeouts: { headers: 60, request: 80 } }, async () => {
      begun.open();
      await request.text().catch((error: Error) => failed.push(error.message));
      return text("too late");
    });
    const { all } = await reach(() => write(server.port, `${head}\r\nabc`), begun.opened);
    expect(await all).toMatch(/^HTTP\/1\.1 408 /);
    expect(failed).toEqual(["The client ended the body early."]);
  });

  test("may take longer than the head may", async () => {
    const begun = gate();
    const server = await listen({ timeouts: { headers: 40, request: 60_000 } }, () => {
      begun.open();
      return reading();
    });
    const { socket, all } = await reach(() => write(server.port, `${head}Connection: close\r\n\r\nabcde`), begun.opened);
    expect(await write(server.port, "GET / HTTP/1.1\r\n").all, "a head that takes so long").toMatch(/^HTTP\/1\.1 408 /);
    socket.write("fghij");
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*abcdefghij$/);
  });

  test("does not limit how long the response may take", async () => {
    const [begun, held] = [gate(), gate()];
    const server = await listen({ timeouts: { headers: 100, request: 100, idle: 100 } }, async () => {
      begun.open();
      await held.opened;
      return text("fine");
    });
    const bytes = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
    const { all } = await reach(() => write(server.port, bytes), begun.opened);
    expect(await write(server.port, "GET / HTTP/1.1\r\n").all, "a head that takes so long").toMatch(/^HTTP\/1\.1 408 /);
    expect(await write(server.port, `${head}\r\nabc`).all, "a body that takes so long").toMatch(/^HTTP\/1\.1 408 /);
    held.open();
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*fine$/);
  });
});

describe("an idle connection between two requests", () => {
  test("is closed after some time", async () => {
    const server = await listen({ timeouts: { idle: 30 } });
    expect(await write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").all).toMatch(/^HTTP\/1\.1 200 [^]*Keep-Alive: timeout/i);
  });
});

describe("over TLS", () => {
  test("HTTP/1 has the same limits", async () => {
    const server = await listen({ ...secure, maxHeaderSize: 1000, timeouts: { idle: 60 } });
    const strict = await listen({ ...secure, timeouts: { request: 500 } });
    const slow = write(strict.port, "GET / HTTP/1.1\r\n", connectSecurely(strict.port));
    const large = write(server.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(1200)}\r\n\r\n`, connectSecurely(server.port));
    const idle = write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", connectSecurely(server.port));
    expect(await slow.all).toMatch(/^HTTP\/1\.1 408 /);
    expect(await large.all).toMatch(/^HTTP\/1\.1 431 /);
    expect(await idle.all).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a connection without a finished handshake is closed", async () => {
    const server = await listen({ ...secure, timeouts: { headers: 60 } });
    expect(await write(server.port, "").all).toBe("");
    expect(await write(server.port, "\u0016\u0003\u0001").all).not.toContain("HTTP");
  });

  test("HTTP/2 requests are answered, and an idle connection is closed", async () => {
    const begun = gate();
    const server = await listen({ ...secure, timeouts: { idle: 60 } }, () => {
      begun.open();
      return text("fine");
    });
    const { all, ended } = await reach(() => askHttp2(server), begun.opened);
    expect(await all).toEqual({ status: 200, body: "fine" });
    await ended;
  });

  test("an HTTP/2 request whose body does not arrive is ended", async () => {
    const server = await listen({ ...secure, timeouts: { request: 300 } }, async () => text(await request.text()));
    const client = connectHttp2(server.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/", ":method": "POST" });
    stream.write("abc");
    stream.on("error", () => undefined);
    await once(stream, "close");
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    client.destroy();
  });

  test("an HTTP/2 request that has arrived whole is not ended", async () => {
    const [begun, held] = [gate(), gate()];
    const server = await listen({ ...secure, timeouts: { request: 300 } }, async () => {
      begun.open();
      await held.opened;
      return text("fine");
    });
    const { all } = await reach(() => askHttp2(server), begun.opened);
    expect(await askHttp2(server, "POST").all, "a body that takes so long").toMatchObject({ status: undefined });
    held.open();
    expect(await all).toEqual({ status: 200, body: "fine" });
  });
});

describe("a server that closes", () => {
  // Not the limit for heads, which is also the one for the handshake of TLS.
  const timeouts = { request: 500 };

  test.each([
    ["half a head", {}, "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["half a head after another request", {}, "PUT / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n"],
    ["half a body", {}, `${head}\r\nabc`],
    ["nothing", {}, ""],
    ["half a head over TLS", secure, "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["half a body over TLS", secure, `${head}\r\nabc`],
    ["nothing over TLS", secure, ""],
  ])("ends a connection with %s after the timeout of its client", async (_title, tls, bytes) => {
    const server = await listen({ ...tls, timeouts }, async () => text(await request.text()));
    const { socket, all } = write(server.port, bytes, "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1"));
    await once(socket, "tls" in tls ? "secureConnect" : "connect");
    // The server has read it when it has answered one that came later.
    await answered(server);
    await server.close();
    expect(await all).not.toContain("200 ");
  });

  test.each([
    ["HTTP/1", {}],
    ["HTTP/1 over TLS", secure],
  ])("finishes a response that takes longer than the timeouts of clients: %s", async (_title, tls) => {
    const [begun, held, unread] = [gate(), gate(), endless()];
    const server = await listen({ ...tls, timeouts: { request: 300 } }, async () => {
      if (request.method === "POST") return unread.response();
      begun.open();
      await held.opened;
      return text("fine");
    });
    const ask = () => write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "tls" in tls ? connectSecurely(server.port) : undefined);
    const { all } = await reach(ask, begun.opened);
    await askAndWait(server, tls, unread);
    const closed = server.close();
    await unread.givenUp;
    held.open();
    await closed;
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*fine$/);
  });

  test("finishes a response over HTTP/2", async () => {
    const [begun, held, unread] = [gate(), gate(), endless()];
    const server = await listen({ ...secure, timeouts: { request: 300 } }, async () => {
      if (request.method === "POST") return unread.response();
      begun.open();
      await held.opened;
      return text("fine");
    });
    const { all } = await reach(() => askHttp2(server), begun.opened);
    await askAndWait(server, secure, unread);
    const closed = server.close();
    await unread.givenUp;
    held.open();
    await closed;
    expect(await all).toEqual({ status: 200, body: "fine" });
  });
});

test.each([
  { maxHeaderSize: 0 },
  { maxHeaderSize: 1.5 },
  { timeouts: { headers: 0 } },
  { timeouts: { request: -1 } },
  { timeouts: { idle: Number.NaN } },
  { timeouts: { idle: Infinity } },
])("%o is refused as a limit", async (options) => {
  await expect(serve(makeApp(() => text("")).app, { port: 0, ...options })).rejects.toThrow(ConfigError);
});

test.each([
  ["HTTP/1", {}],
  ["HTTP/1 over TLS", secure],
])("a server that closes disconnects a client that does not read its response: %s", async (_title, tls) => {
  const server = await listen({ ...tls, timeouts: { request: 300 } }, () => text("x".repeat(30_000_000)));
  const socket = "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
  watch(socket);
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket, "readable");
  await server.close();
  expect(socket.destroyed).toBe(false);
});
