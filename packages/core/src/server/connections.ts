import { setMaxListeners } from "node:events";
import type { Server, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { serverCloses } from "../bodies/body-errors.ts";
import { Http2Connections } from "./streams.ts";
import {
  carriedBy,
  currentResponse,
  openedAt,
  pipeline,
  requestOf,
  type Abortable,
  type Incoming,
  type TrackedResponse,
  type TrackedSocket,
} from "./tracked-socket.ts";

/** Milliseconds between two checks of the connections while the server closes. */
const sweepInterval = 25;
/** Milliseconds that a connection must be idle before it is ended, because its next request may be on the way. */
const idleGrace = 100;
/** Milliseconds that a new connection may be silent before its first request, or in the middle of a head. */
const headGrace = 1000;
/** Milliseconds between the moment when the requests in flight are aborted and the end of all connections. */
const abortGrace = 1000;

/** Whether the client of a request has disconnected, or over HTTP/2 has reset its stream. */
export function hasLeft({ stream }: Incoming, res: ServerResponse): boolean {
  return stream === undefined ? res.destroyed : stream.closed || stream.destroyed;
}

/** Milliseconds that Node writes into `Keep-Alive`. Node's own setting with this name would start a timer for each request. */
interface KeptAlive extends ServerResponse {
  _keepAliveTimeout: number;
}

interface Limits {
  readonly maxHeaderSize: number;
  /** Milliseconds, like the others. */
  readonly headers: number;
  readonly request: number;
  readonly idle: number;
  /** For the requests in flight when the server closes. */
  readonly grace: number;
}

/** How many bytes a connection has transferred, and when that last changed, in milliseconds of `performance.now()`. */
interface Activity {
  readonly bytes: number;
  readonly at: number;
  readonly sent: number;
  /** The bytes that the operating system has not taken yet; `undefined` if it is not known. */
  readonly queued: number | undefined;
  readonly sentAt: number;
  /** The response to the last request. A new one is a change too, because Bun does not count the bytes of requests. */
  readonly response: ServerResponse | undefined;
}

/** What Node itself uses to know whether the client has received a part of a large write. */
interface QueuedSocket extends Socket {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
}

/** The connections of a server: the limits of their clients, and how they end when the server closes. */
export class Connections {
  readonly http2: Http2Connections;
  /** Aborted when the server begins to close. For responses that do not end by themselves. */
  readonly closing: AbortSignal;
  readonly #sockets = new Set<TrackedSocket>();
  /** The TCP connections by peer, including those under TLS, for which it is not known whether a request is in flight. */
  readonly #carriers = new Map<string, TrackedSocket>();
  /** The requests whose connections speak another protocol now. */
  readonly #released = new Set<Abortable>();
  readonly #server: Server;
  readonly limits: Limits;
  readonly #closing = new AbortController();
  readonly #activities = new WeakMap<Socket, Activity>();

  /** @param server - A server that does not listen yet. Node itself enforces most limits of HTTP/1. */
  constructor(server: Server, limits: Limits) {
    const { maxHeaderSize, headers, request, idle } = limits;
    this.#server = server;
    this.limits = limits;
    this.closing = this.#closing.signal;
    // Each response without an end has a listener. Node would report more than ten as a leak.
    setMaxListeners(0, this.closing);
    const interval = Math.ceil(Math.min(headers, request) / 4);
    // These are properties, because a server for HTTP/2 does not take them as options.
    Object.assign(server, {
      maxHeaderSize,
      // The limit is in bytes, not in lines: Node would drop surplus lines, and they would not be checked.
      maxHeadersCount: 0,
      headersTimeout: Math.min(headers, request),
      requestTimeout: request,
      connectionsCheckingInterval: interval,
      // Node's timers for idle connections would take a tenth of the time of each request. `#check` finds idle connections instead.
      keepAliveTimeout: 0,
      timeout: 0,
      // The listener checks it, and also refuses what follows on the connection.
      requireHostHeader: false,
    });
    this.http2 = new Http2Connections(server, limits);
    const isSecure = "setSecureContext" in server;
    server.on("connection", (socket: TrackedSocket) => {
      socket[openedAt] = performance.now();
      const peer = peerOf(socket);
      this.#carriers.set(peer, socket);
      socket.once("close", () => this.#carriers.delete(peer));
      if (!isSecure) this.#watch(socket);
    });
    // Before the listener of Node, which begins to read.
    server.prependListener("secureConnection", (socket: TLSSocket & TrackedSocket) => {
      socket[openedAt] = performance.now();
      const carrier = this.#carriers.get(peerOf(socket))!;
      socket[carriedBy] = carrier;
      // Node leaves the TCP connection open when HTTP/2 ends with an error after the client has disconnected.
      socket.once("close", () => carrier.destroy());
      if (socket.alpnProtocol === "h2") this.http2.prepare(carrier);
      else this.#watch(socket);
    });
    server.on("timeout", (socket: TrackedSocket) => {
      // A client that does not read its response.
      if (this.#sockets.has(socket) && this.#isSending(socket)) reset(socket);
    });
    const checks = setInterval(() => this.#check(performance.now()), Math.min(interval, Math.ceil(idle / 4))).unref();
    server.once("close", () => clearInterval(checks));
  }

  /**
   * Registers a request over HTTP/1, and says what the caller does with it:
   *
   * - `"answer"`: answers it.
   * - `"refuse"`: refuses it, because the previous response ends the connection.
   * - A response: it is the previous one, which is unfinished. The request is answered in its turn.
   */
  register(req: Incoming, res: ServerResponse): "answer" | "refuse" | ServerResponse {
    const socket = req.socket as TrackedSocket;
    const last = socket[currentResponse];
    socket[currentResponse] = res;
    (res as KeptAlive)._keepAliveTimeout = this.limits.idle;
    if (last !== undefined && !last.shouldKeepAlive) return "refuse";
    if (this.closing.aborted) res.shouldKeepAlive = false;
    return last === undefined || last.writableFinished ? "answer" : last;
  }

  /** Whether a response over HTTP/1 is on its way. */
  isInFlight({ [currentResponse]: given }: TrackedSocket): boolean {
    return given !== undefined && !given.writableFinished;
  }

  #isSending(socket: TrackedSocket): boolean {
    return this.isInFlight(socket) && socket.writableLength > 0;
  }

  /** Hands over a connection of HTTP/1 to another protocol. Its limits are no longer checked; closing aborts its request. */
  release(socket: TrackedSocket, request: Abortable): void {
    this.#sockets.delete(socket);
    this.#released.add(request);
    socket.setTimeout(0);
    socket.once("close", () => this.#released.delete(request));
    if (this.closing.aborted) request.abort(this.closing.reason);
  }

  /**
   * Accepts no more connections, and resolves when all have ended. Each ends as soon as no request is in flight, or its client
   * exceeds a limit. Requests still in flight after the grace are aborted, and destroyed a second later.
   */
  async close(): Promise<void> {
    const reason = serverCloses();
    this.#closing.abort(reason);
    for (const { [currentResponse]: given } of this.#sockets) if (given !== undefined && !given.headersSent) given.shouldKeepAlive = false;
    // Not server.close() of node:http, which ends idle connections at once and stops checking for slow ones. The server of Bun is
    // not a server of node:net, and has only its own close().
    const closed = new Promise<void>((resolve, reject) => {
      const over = (error?: Error) => (error === undefined ? resolve() : reject(error));
      if ((this.#server as object) instanceof NetServer) NetServer.prototype.close.call(this.#server, over);
      else this.#server.close(over);
    });
    for (const each of this.#released) each.abort(reason);
    this.http2.close();
    const sweep = setInterval(() => this.#sweep(performance.now()), sweepInterval);
    const last = setTimeout(() => {
      this.#abort(reason);
      end = setTimeout(() => this.destroy(), abortGrace);
    }, this.limits.grace);
    let end: NodeJS.Timeout | undefined;
    try {
      await closed;
    } finally {
      clearInterval(sweep);
      clearTimeout(last);
      clearTimeout(end);
      // Stops the timer of node:http. There is nothing left to close.
      this.#server.close(() => undefined);
    }
  }

  #watch(socket: TrackedSocket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    endInStages(socket);
  }

  destroy(): void {
    this.http2.destroy();
    for (const socket of [...this.#sockets, ...this.#carriers.values()]) socket.destroy();
  }

  /** Ends connections and streams that have reached a limit. */
  #check(now: number): void {
    this.http2.check(now);
    const { request, idle } = this.limits;
    for (const socket of this.#sockets) {
      // Node itself ends a connection that does not send a first request.
      if (socket[currentResponse] === undefined) continue;
      // A timer of Node knows whether the client has received a part of a large write.
      const isSending = this.#isSending(socket);
      if (isSending !== (socket.timeout ?? 0) > 0) socket.setTimeout(isSending ? request : 0);
      const { at, queued, sentAt } = this.#activityOf(socket, now);
      const pause = now - at;
      // Everything that a client sends restarts Node's timer, even empty lines, which are not a request.
      const silence = now - sentAt;
      if (isSending && queued !== undefined && silence > request) reset(socket);
      // The application may take its time. Requests that wait for their turn may not: while they wait, nothing is read, and it is
      // not known whether their client is still there.
      const isOver = this.isInFlight(socket)
        ? socket[pipeline]?.isWaiting === true && pause > request
        : pause > idle || silence > idle + request;
      if (isOver) socket.destroy();
    }
  }

  /** Ends the connections that a closing server does not wait for. */
  #sweep(now: number): void {
    this.http2.check(now);
    for (const each of this.#carriers.values())
      if (each.bytesRead === 0 && each[currentResponse] === undefined && now - each[openedAt]! > headGrace) each.destroy();
    for (const socket of this.#sockets) {
      const { [currentResponse]: given, writableLength } = socket;
      const idle = now - this.#activityOf(socket, now).at;
      const isOver = this.isInFlight(socket)
        ? writableLength > 0 && idle > this.limits.request
        : idle > (given === undefined ? headGrace : idleGrace);
      if (isOver) socket.destroy();
    }
  }

  /** What has changed since the last check. */
  #activityOf(socket: QueuedSocket & TrackedSocket, now: number): Activity {
    const { bytesRead, bytesWritten: sent, [currentResponse]: response } = socket;
    const bytes = bytesRead + sent;
    const queued = socket._handle?.writeQueueSize;
    const last = this.#activities.get(socket);
    const same = last?.response === response ? last : undefined;
    if (same?.bytes === bytes && same.queued === queued) return same;
    const begin = bytes === 0 && response === undefined ? socket[openedAt]! : now;
    const at = same?.bytes === bytes ? same.at : begin;
    const sentAt = same?.sent === sent && same.queued === queued ? same.sentAt : begin;
    const activity = { bytes, at, sent, queued, sentAt, response };
    this.#activities.set(socket, activity);
    return activity;
  }

  #abort(reason: unknown): void {
    const responses = [...this.#sockets].flatMap(({ [currentResponse]: given, [pipeline]: line }) => [given, ...(line?.running ?? [])]);
    for (const each of new Set<object | undefined>([...responses, ...this.http2.streams]))
      (each as TrackedResponse | undefined)?.[requestOf]?.abort(reason);
  }
}

/**
 * Lets Node end a connection of HTTP/1 in stages, as RFC 9112 §9.6 says: when a response ends the connection and its client is still
 * sending the request, the client gets the end of the response, and its bytes are read and discarded. If they were not read, the
 * operating system would reset the connection, and the client might lose the response.
 */
function endInStages(socket: TrackedSocket): void {
  const endAtOnce = socket.destroySoon.bind(socket);
  // Node calls it after the last response of a connection.
  socket.destroySoon = () => {
    const last = socket[currentResponse];
    if (last?.writableFinished !== true || last.req.complete) {
      endAtOnce();
      return;
    }
    socket.end();
    last.req.once("end", endAtOnce).resume();
  };
}

/** Ends the connection of a client that does not read. After a reset, the operating system does not try to send any more. */
function reset(socket: TrackedSocket): void {
  (socket[carriedBy] ?? socket).resetAndDestroy();
}

/** The peer of a connection, as text. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
