import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Response } from "@mini/core";
import type { Server } from "@mini/core/serve";
import { Agent } from "undici";
import { expect } from "vitest";
import { request as send } from "./ask.ts";
import { certificate } from "./certificate.ts";
import { gate } from "./gate.ts";
import { within } from "./within.ts";

const sockets = new Set<Socket>();

/** Adds a connection to those that are closed after the test. */
export function watch(socket: Socket): void {
  sockets.add(socket);
}

/** Closes the connections that clients have left open; for `afterEach`. */
export function closeSockets(): void {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
}

export const connectSecurely = (port: number) => connectTls({ port, host: "127.0.0.1", ca: certificate.cert });

/** A connection over which something was sent; `all`: everything that came back until its end. */
export function write(
  port: number,
  bytes: string,
  socket: Socket = connect(port, "127.0.0.1"),
): { readonly socket: Socket; readonly all: Promise<string> } {
  let answer = "";
  watch(socket);
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(bytes);
  // A server that has answered may reset the connection while the client still sends. The response has arrived by then.
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const ended = within(`the end of the connection after ${JSON.stringify(bytes.slice(0, 60))}`, closed);
  return { socket, all: ended.then(() => answer) };
}

/**
 * Sends a request over new connections until the handler has begun, and returns the connection of that request. On a busy machine, a
 * short limit may end the connections before it.
 */
export async function reach<T extends { readonly all: Promise<unknown> }>(ask: () => T | Promise<T>, begun: Promise<void>): Promise<T> {
  for (let tries = 0; tries < 50; tries++) {
    const asked = await ask();
    if (await Promise.race([begun.then(() => true), asked.all.then(() => false)])) return asked;
  }
  throw new Error("None of 50 requests has reached the handler.");
}

/** The response to a client that does not read it. */
export interface Endless {
  readonly response: () => Response;
  /** Resolves when a handler has answered with it. */
  readonly begun: Promise<void>;
  /** Resolves when the server has stopped waiting for the client. */
  readonly givenUp: Promise<void>;
}

export function endless(): Endless {
  const [begun, givenUp] = [gate(), gate()];
  const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(1 << 20));
  const response = () => {
    begun.open();
    return new Response(new ReadableStream({ pull, cancel: givenUp.open }));
  };
  return { response, begun: begun.opened, givenUp: givenUp.opened };
}

/** Requests such a response by POST, and does not read it. Resolves when its first bytes have arrived. */
export async function askAndWait(server: Server, tls: object, { begun }: Endless): Promise<Socket> {
  const { socket, all } = await reach(() => {
    const opened = "tls" in tls ? connectSecurely(server.port) : connect(server.port, "127.0.0.1");
    watch(opened);
    opened.on("error", () => undefined);
    opened.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    return { socket: opened, all: new Promise<void>((resolve) => opened.once("readable", resolve).once("close", resolve)) };
  }, begun);
  await all;
  return socket;
}

/** Waits until the server has answered another request. By then it has noticed everything that came before. */
export async function answered({ url }: Server): Promise<void> {
  const agent = new Agent({ connect: { ca: certificate.cert } });
  const ask = async () => (await send(url, { dispatcher: agent, method: "PUT" })).body.dump();
  // On a busy machine, a limit may end this request too.
  await expect.poll(() => ask().then(() => "answered"), { timeout: 60_000, interval: 1 }).toBe("answered");
  await agent.close();
}

/** A POST request over HTTP/2 whose body does not end; `ended`: resolves when the connection has ended. */
export function askHttp2(server: Server, method: "GET" | "POST" = "GET") {
  const client = connectHttp2(server.url, { ca: certificate.cert });
  client.on("error", () => undefined);
  client.once("connect", (_session, socket) => watch(socket as Socket));
  const stream = client.request({ ":path": "/", ":method": method }, { endStream: method === "GET" });
  if (method === "POST") stream.write("abc");
  let status: unknown;
  let body = "";
  stream.on("error", () => undefined);
  stream.on("response", (headers) => (status = headers[":status"]));
  stream.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  // Not once() of node:events, which would reject if a limit ends the connection first.
  const closed = new Promise((resolve) => stream.once("close", resolve));
  return { all: closed.then(() => ({ status, body })), ended: new Promise((resolve) => client.once("close", resolve)) };
}
