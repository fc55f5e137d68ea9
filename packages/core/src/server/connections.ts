import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** Milliseconds between two looks at the connections while the server closes. */
const sweepInterval = 25;
/** Milliseconds that a connection must be idle to be ended then: the next request may be on its way. */
const idleGrace = 100;
/** Milliseconds that it may be silent before its first request, counted from when it was opened, or with half a head. */
const headGrace = 1000;

/** The answer that is being given over a connection, or was given last. */
const answer = Symbol("answer");
/** The answers that are not done, of requests that came before the one ahead of them was answered. */
const waiting = Symbol("waiting");
/** When a connection was opened. */
const opened = Symbol("opened");

interface NotedSocket extends Socket {
  [answer]?: ServerResponse;
  [waiting]?: Set<ServerResponse>;
  [opened]?: number;
}

interface Http2Connection extends NodeJS.EventEmitter {
  /** Ends it when the streams that are open have ended. */
  close(): void;
  /** Calls when nothing has come or gone for so many milliseconds. */
  setTimeout(milliseconds: number, call: () => void): void;
}

interface Limits {
  readonly maxHeaderSize: number;
  /** Milliseconds, as the others. */
  readonly headers: number;
  readonly request: number;
  readonly idle: number;
}

/** The connections of a server: what their clients may take, and their end when the server closes. */
export class Connections {
  readonly #sockets = new Set<NotedSocket>();
  readonly #http2 = new Set<Http2Connection>();
  readonly #streams = new Set<ServerHttp2Stream>();
  /** What TLS comes over: what is in flight there is not known. */
  readonly #carriers = new Set<NotedSocket>();
  readonly #server: Server;
  /** Milliseconds. */
  readonly #longestStall: number;
  #closes = false;

  /** @param server - Does not listen yet; Node itself sees to the limits of HTTP/1. */
  constructor(server: Server, limits: Limits) {
    const { maxHeaderSize, headers, request, idle } = limits;
    this.#server = server;
    this.#longestStall = request;
    // Not as options, which a server for HTTP/2 does not take.
    Object.assign(server, {
      maxHeaderSize,
      // Bytes are counted, not lines: Node leaves out those that are too many, and what is not seen is not judged.
      maxHeadersCount: 0,
      headersTimeout: Math.min(headers, request),
      requestTimeout: request,
      connectionsCheckingInterval: Math.ceil(Math.min(headers, request) / 4),
      keepAliveTimeout: idle,
      // Refused here, where what comes behind it is too.
      requireHostHeader: false,
    });
    const isSecure = "setSecureContext" in server;
    server.on("connection", (socket: NotedSocket) => {
      socket[opened] = performance.now();
      watch(isSecure ? this.#carriers : this.#sockets, socket);
    });
    server.on("secureConnection", (socket: TLSSocket & NotedSocket) => {
      socket[opened] = performance.now();
      if (socket.alpnProtocol !== "h2") watch(this.#sockets, socket);
    });
    server.on("connect", (_request, to: Socket | ServerResponse) => {
      // Over HTTP/1 it is the connection itself, and nobody else hears of its errors any more.
      if ("writeHead" in to) to.writeHead(501).end();
      else refuseTunnel(to, idle);
    });
    server.on("session", (connection: Http2Connection) => {
      watch(this.#http2, connection);
      connection.setTimeout(idle, () => connection.close());
    });
    server.on("stream", (stream: ServerHttp2Stream) => {
      watch(this.#streams, stream);
      stream.setTimeout(request, () => {
        if (stream.state.state === constants.NGHTTP2_STREAM_STATE_OPEN) stream.close(constants.NGHTTP2_CANCEL);
      });
    });
  }

  /** Takes note of a request over HTTP/1; `false`: the one before it ends the connection, so nothing is to be done for it. */
  note(request: IncomingMessage, response: ServerResponse): boolean {
    const socket = request.socket as NotedSocket;
    const last = socket[answer];
    socket[answer] = response;
    if (last !== undefined && !last.shouldKeepAlive) return false;
    if (last !== undefined && !last.writableFinished) queue(socket, response);
    if (this.#closes) response.shouldKeepAlive = false;
    return true;
  }

  /**
   * Takes no more connections, and resolves when all that are there have ended: each as soon as nothing is in flight over it,
   * and those whose clients take longer than they may.
   */
  async close(): Promise<void> {
    this.#closes = true;
    for (const { [answer]: given } of this.#sockets) if (given !== undefined && !given.headersSent) given.shouldKeepAlive = false;
    // Not as node:http closes: it ends idle connections at once, and looks no more for those that take too long.
    const closed = new Promise<void>((resolve, reject) => {
      NetServer.prototype.close.call(this.#server, (error) => (error === undefined ? resolve() : reject(error)));
    });
    /** What has come and gone over each, or waits to go, and since when that has not changed. */
    const seen = new WeakMap<Socket | ServerHttp2Stream, { readonly bytes: number; readonly at: number }>();
    const sweep = setInterval(() => {
      const now = performance.now();
      for (const connection of this.#http2) connection.close();
      for (const stream of this.#streams) {
        const { writableLength: unread } = stream;
        if (seen.get(stream)?.bytes !== unread) seen.set(stream, { bytes: unread, at: now });
        if (unread > 0 && now - seen.get(stream)!.at > this.#longestStall) stream.destroy();
      }
      for (const socket of this.#carriers) if (socket.bytesRead === 0 && now - socket[opened]! > headGrace) socket.destroy();
      for (const socket of this.#sockets) {
        const { [answer]: given, writableLength } = socket;
        const bytes = socket.bytesRead + socket.bytesWritten;
        if (seen.get(socket)?.bytes !== bytes) seen.set(socket, { bytes, at: bytes === 0 ? socket[opened]! : now });
        const inFlight = given !== undefined && !given.writableFinished;
        const idle = now - seen.get(socket)!.at;
        const isOver = inFlight ? writableLength > 0 && idle > this.#longestStall : idle > (given === undefined ? headGrace : idleGrace);
        if (isOver) socket.destroy();
      }
    }, sweepInterval);
    try {
      await closed;
    } finally {
      clearInterval(sweep);
      // Ends what node:http looks for; there is nothing left to close.
      this.#server.close(() => undefined);
    }
  }
}

/** An answer waits for its turn, and Node does not tell it when the client has gone. */
function queue(socket: NotedSocket, response: ServerResponse): void {
  const known = socket[waiting];
  const queued = (socket[waiting] ??= new Set());
  if (known === undefined) socket.once("close", () => queued.forEach((each) => each.destroy().emit("close")));
  queued.add(response);
  response.once("close", () => queued.delete(response));
}

/** Node has let go of the connection: nobody else hears of its errors, takes what still comes, and ends it. */
function refuseTunnel(connection: Socket, milliseconds: number): void {
  const late = setTimeout(() => connection.destroy(), milliseconds);
  connection.on("error", () => undefined).once("close", () => clearTimeout(late));
  connection.resume().end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

function watch<T extends NodeJS.EventEmitter>(open: Set<T>, one: T): void {
  open.add(one);
  one.once("close", () => open.delete(one));
}
