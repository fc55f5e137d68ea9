import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** Milliseconds between two checks of the connections while the server closes. */
const sweepInterval = 25;
/** Milliseconds that a connection must be idle before it is ended, because its next request may be on the way. */
const idleGrace = 100;
/** Milliseconds that a new connection may be silent before its first request, or in the middle of a head. */
const headGrace = 1000;

// What is known of a connection is a property of its socket: a lookup in a WeakMap for each request would cost more.
/** The current response of a connection, or the last one. */
const answer = Symbol("answer");
/** The unfinished responses to requests that arrived before the previous one was answered. */
const waiting = Symbol("waiting");
/** When a connection was opened. */
const opened = Symbol("opened");

interface NotedSocket extends Socket {
  [answer]?: ServerResponse;
  [waiting]?: Set<ServerResponse>;
  [opened]?: number;
}

interface Http2Connection extends NodeJS.EventEmitter {
  /** Ends the connection when its open streams have ended. */
  close(): void;
  /** Calls a function when nothing was sent or received for a time in milliseconds. */
  setTimeout(milliseconds: number, call: () => void): void;
}

interface Limits {
  readonly maxHeaderSize: number;
  /** Milliseconds, like the others. */
  readonly headers: number;
  readonly request: number;
  readonly idle: number;
}

/** The connections of a server: the limits of their clients, and how they end when the server closes. */
export class Connections {
  readonly #sockets = new Set<NotedSocket>();
  readonly #http2 = new Set<Http2Connection>();
  readonly #streams = new Set<ServerHttp2Stream>();
  /** The TCP connections under TLS. It is not known whether a request is in flight there. */
  readonly #carriers = new Set<NotedSocket>();
  readonly #server: Server;
  /** Milliseconds. */
  readonly #longestStall: number;
  #closes = false;

  /** @param server - A server that does not listen yet. Node itself enforces the limits of HTTP/1. */
  constructor(server: Server, limits: Limits) {
    const { maxHeaderSize, headers, request, idle } = limits;
    this.#server = server;
    this.#longestStall = request;
    // These are properties, because a server for HTTP/2 does not take them as options.
    Object.assign(server, {
      maxHeaderSize,
      // The limit is in bytes, not in lines: Node would drop surplus lines, and they would not be checked.
      maxHeadersCount: 0,
      headersTimeout: Math.min(headers, request),
      requestTimeout: request,
      connectionsCheckingInterval: Math.ceil(Math.min(headers, request) / 4),
      keepAliveTimeout: idle,
      // The listener checks it, and also refuses what follows on the connection.
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
      // Over HTTP/1 this is the connection itself, and nobody else handles its errors any more.
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

  /**
   * Registers a request over HTTP/1. Returns `false` if the previous response ends the connection; then the request must not be
   * answered.
   */
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
   * Accepts no more connections, and resolves when all have ended: each ends as soon as no request is in flight, or its client
   * exceeds a limit.
   */
  async close(): Promise<void> {
    this.#closes = true;
    for (const { [answer]: given } of this.#sockets) if (given !== undefined && !given.headersSent) given.shouldKeepAlive = false;
    // Not server.close() of node:http, which ends idle connections at once and stops checking for slow ones.
    const closed = new Promise<void>((resolve, reject) => {
      NetServer.prototype.close.call(this.#server, (error) => (error === undefined ? resolve() : reject(error)));
    });
    /** For each socket: the bytes sent, received or waiting, and since when this number has not changed. */
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
      // Stops the timer of node:http. There is nothing left to close.
      this.#server.close(() => undefined);
    }
  }
}

/** Queues a response. Node does not tell a queued response when the client disconnects. */
function queue(socket: NotedSocket, response: ServerResponse): void {
  const known = socket[waiting];
  const queued = (socket[waiting] ??= new Set());
  if (known === undefined) socket.once("close", () => queued.forEach((each) => each.destroy().emit("close")));
  queued.add(response);
  response.once("close", () => queued.delete(response));
}

/** Refuses a CONNECT request. Node has detached the connection, so its errors, its data and its end are handled here. */
function refuseTunnel(connection: Socket, milliseconds: number): void {
  const late = setTimeout(() => connection.destroy(), milliseconds);
  connection.on("error", () => undefined).once("close", () => clearTimeout(late));
  connection.resume().end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

function watch<T extends NodeJS.EventEmitter>(open: Set<T>, one: T): void {
  open.add(one);
  one.once("close", () => open.delete(one));
}
