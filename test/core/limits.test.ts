import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ConfigError, request, text } from "@mini/core";
import { serve, type Server, type ServeOptions } from "@mini/core/serve";
import { Agent, request as send } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.ts";
import { makeApp } from "../support/one-handler.ts";

const open: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function listen(options: ServeOptions, work: () => unknown = () => text("fine")): Promise<Server> {
  const server = await serve(makeApp(work).app, { port: 0, silent: true, gracefulShutdown: false, ...options });
  open.push(server);
  return server;
}

/** A connection on which something was sent; `all`: what came back by its end. */
function write(
  port: number,
  bytes: string,
  socket: Socket = connect(port, "127.0.0.1"),
): { readonly socket: Socket; readonly all: Promise<string> } {
  let answer = "";
  sockets.push(socket);
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(bytes);
  return { socket, all: once(socket, "close").then(() => answer) };
}

const secure = { tls: certificate };
const connectSecurely = (port: number) => connectTls({ port, host: "127.0.0.1", ca: certificate.cert });
const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n";

describe("a request's head", () => {
  test.each([
    ["its path", (size: number) => `GET /${"x".repeat(size)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
    ["a header", (size: number) => `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(size)}\r\nConnection: close\r\n\r\n`],
    ["many headers", (size: number) => `GET / HTTP/1.1\r\nHost: a\r\n${"Xxxxx: yyyyy\r\n".repeat(size / 10)}Connection: close\r\n\r\n`],
  ])("may have 16 KiB, or what the option says, and 431 beyond: %s", async (_title, bytes) => {
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

  test("that trickles in is 408: what counts is the whole", async () => {
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

  test("that does not come in time is 408, and the handler sees it break off", async () => {
    const failed: string[] = [];
    const server = await listen({ timeouts: { headers: 60, request: 80 } }, async () => {
      await request.text().catch((error: Error) => failed.push(error.message));
      return text("too late");
    });
    const { all } = write(server.port, `${head}\r\nabc`);
    expect(await all).toMatch(/^HTTP\/1\.1 408 /);
    expect(failed).toEqual(["The body could not be read to its end."]);
  });

  test("may take longer than the head", async () => {
    const server = await listen({ timeouts: { headers: 40, request: 10_000 } }, reading);
    const { socket, all } = write(server.port, `${head}Connection: close\r\n\r\nabcde`);
    const rest = setTimeout(() => socket.write("fghij"), 150);
    try {
      expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*abcdefghij$/);
    } finally {
      clearTimeout(rest);
    }
  });

  test("the time counts for the request, not for the answer", async () => {
    const server = await listen({ timeouts: { headers: 100, request: 100, idle: 100 } }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return text("fine");
    });
    const { statusCode, body } = await send(server.url, { method: "POST", body: "x" });
    expect([statusCode, await body.text()]).toEqual([200, "fine"]);
  });
});

describe("a connection between two requests", () => {
  test("is closed after a time", async () => {
    const server = await listen({ timeouts: { idle: 30 } });
    expect(await write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").all).toMatch(/^HTTP\/1\.1 200 [^]*Keep-Alive: timeout/i);
  });
});

describe("over TLS", () => {
  test("HTTP/1 has the same limits", async () => {
    const server = await listen({ ...secure, maxHeaderSize: 1000, timeouts: { headers: 1000, idle: 60 } });
    const slow = write(server.port, "GET / HTTP/1.1\r\n", connectSecurely(server.port));
    const large = write(server.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(1200)}\r\n\r\n`, connectSecurely(server.port));
    const idle = write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", connectSecurely(server.port));
    expect(await slow.all).toMatch(/^HTTP\/1\.1 408 /);
    expect(await large.all).toMatch(/^HTTP\/1\.1 431 /);
    expect(await idle.all).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a handshake that is not begun, or not finished, ends the connection", async () => {
    const server = await listen({ ...secure, timeouts: { headers: 60 } });
    expect(await write(server.port, "").all).toBe("");
    expect(await write(server.port, "\u0016\u0003\u0001").all).not.toContain("HTTP");
  });

  test("HTTP/2 answers, and ends a connection that has nothing to do", async () => {
    const server = await listen({ ...secure, timeouts: { idle: 60 } });
    const client = connectHttp2(server.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/" });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers[":status"]).toBe(200);
    stream.resume();
    await once(client, "close");
  });

  test("HTTP/2 ends a request whose body does not come", async () => {
    const server = await listen({ ...secure, timeouts: { request: 300 } }, async () => text(await request.text()));
    const client = connectHttp2(server.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/", ":method": "POST" });
    stream.write("abc");
    stream.on("error", () => undefined);
    await once(stream, "close");
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    client.destroy();
  });

  test("HTTP/2 leaves a request alone that has come whole", async () => {
    const server = await listen({ ...secure, timeouts: { request: 300, idle: 300 } }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      return text("fine");
    });
    const client = connectHttp2(server.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/" });
    let body = "";
    for await (const chunk of stream.setEncoding("utf8")) body += String(chunk);
    expect(body).toBe("fine");
    client.destroy();
  });
});

describe("a server that closes", () => {
  const timeouts = { headers: 400, request: 500 };

  test.each([
    ["half a head", {}, "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["half a head after another request", {}, "PUT / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n"],
    ["half a body", {}, `${head}\r\nabc`],
    ["nothing", {}, ""],
    ["half a head over TLS", secure, "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["half a body over TLS", secure, `${head}\r\nabc`],
    ["nothing over TLS", secure, ""],
  ])("waits no longer for a connection on which stands %s than the client may take", async (_title, tls, bytes) => {
    const server = await listen({ ...tls, timeouts }, async () => text(await request.text()));
    const { socket, all } = write(server.port, bytes, "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1"));
    await once(socket, "tls" in tls ? "secureConnect" : "connect");
    // The server has read it when it has answered one that came later.
    const agent = new Agent({ connect: { ca: certificate.cert } });
    await (await send(server.url, { dispatcher: agent })).body.dump();
    await agent.close();
    await server.close();
    expect(await all).not.toContain("200 ");
  });

  test.each([
    ["HTTP/1", {}],
    ["HTTP/1 over TLS", secure],
  ])("finishes an answer that takes longer than a client may: %s", async (_title, tls) => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const server = await listen({ ...tls, timeouts: { headers: 300, request: 300 } }, async () => {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 900));
      return text("fine");
    });
    const socket = "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
    const { all } = write(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", socket);
    await begun;
    await server.close();
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*fine$/);
  });

  test("finishes an answer over HTTP/2", async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const server = await listen({ ...secure, timeouts: { headers: 1000, request: 300, idle: 300 } }, async () => {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 900));
      return text("fine");
    });
    const client = connectHttp2(server.url, { ca: certificate.cert });
    const stream = client.request({ ":path": "/" });
    let body = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    await begun;
    await Promise.all([server.close(), once(stream, "close")]);
    expect(body).toBe("fine");
  });
});

test.each([
  { maxHeaderSize: 0 },
  { maxHeaderSize: 1.5 },
  { timeouts: { headers: 0 } },
  { timeouts: { request: -1 } },
  { timeouts: { idle: Number.NaN } },
  { timeouts: { idle: Infinity } },
])("%o is no limit", async (options) => {
  await expect(serve(makeApp(() => text("")).app, { port: 0, ...options })).rejects.toThrow(ConfigError);
});

test.each([
  ["HTTP/1", {}],
  ["HTTP/1 over TLS", secure],
])("a server that closes gives a client up that does not read its answer: %s", async (_title, tls) => {
  const server = await listen({ ...tls, timeouts: { request: 300 } }, () => text("x".repeat(30_000_000)));
  const socket = "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket, "readable");
  await server.close();
  expect(socket.destroyed).toBe(false);
});
