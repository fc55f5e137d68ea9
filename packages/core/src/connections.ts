import type { Server, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ServerRequest } from "srvx";

/** Milliseconds between two looks at the connections while the server closes. */
const sweepInterval = 25;

/** The answer that is being given over a connection, or was given last. */
const answer = Symbol("answer");

interface NotedSocket extends Socket {
  [answer]?: ServerResponse;
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

/** The connections of a server: how long their clients may take over HTTP/2, and their end when the server closes. */
export class Connections {
  readonly #limits: Limits;
  readonly #sockets = new Set<NotedSocket>();
  readonly #http2 = new Set<Http2Connection>();
  /** What TLS comes over: what is in flight there is not known. */
  readonly #carriers = new Set<Socket>();
  #server: Server | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Begins to watch a server that does not listen yet; Node itself sees to the limits of HTTP/1. */
  track(server: Server): void {
    this.#server = server;
    const { maxHeaderSize, headers, request, idle } = this.#limits;
    // Not as options, which a server for HTTP/2 does not take.
    Object.assign(server, {
      maxHeaderSize,
      headersTimeout: Math.min(headers, request),
      requestTimeout: request,
      connectionsCheckingInterval: Math.ceil(Math.min(headers, request) / 4),
      keepAliveTimeout: idle,
    });
    server.on("connection", (socket: Socket) => watch("setSecureContext" in server ? this.#carriers : this.#sockets, socket));
    server.on("secureConnection", (socket: TLSSocket) => {
      if (socket.alpnProtocol !== "h2") watch(this.#sockets, socket);
    });
    server.on("session", (connection: Http2Connection) => {
      watch(this.#http2, connection);
      connection.setTimeout(idle, () => connection.close());
    });
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.setTimeout(request, () => {
        if (stream.state.state === constants.NGHTTP2_STREAM_STATE_OPEN) stream.close(constants.NGHTTP2_CANCEL);
      });
    });
  }

  /** Takes note of a request that has begun to be answered. */
  note({ req, res }: NonNullable<NonNullable<ServerRequest["runtime"]>["node"]>): void {
    if (req.httpVersionMajor === 1) (req.socket as NotedSocket)[answer] = res as ServerResponse;
  }

  /**
   * Ends each connection as soon as nothing is in flight over it; and those whose clients take longer than they may, which
   * node:http no longer looks for when it closes. The function that is given back ends that.
   */
  drain(): () => void {
    const began = performance.now();
    const sweep = () => {
      const waited = performance.now() - began;
      const server = this.#server!;
      if (typeof server.closeIdleConnections === "function") server.closeIdleConnections();
      for (const connection of this.#http2) connection.close();
      // Browsers open connections in advance: no idle ones to Node, which would wait for them.
      for (const socket of [...this.#sockets, ...this.#carriers]) if (socket.bytesRead === 0) socket.destroy();
      for (const socket of this.#sockets) if (this.#isOver(socket, waited)) socket.destroy();
    };
    const timer = setInterval(sweep, sweepInterval);
    return () => clearInterval(timer);
  }

  #isOver(socket: NotedSocket, waited: number): boolean {
    const { headers, request } = this.#limits;
    const given = socket[answer];
    if (given === undefined || given.writableFinished) return waited > headers;
    return !given.req.complete && waited > request;
  }
}

function watch<T extends NodeJS.EventEmitter>(open: Set<T>, one: T): void {
  open.add(one);
  one.once("close", () => open.delete(one));
}
