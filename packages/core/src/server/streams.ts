import type { Server } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { mostAtOnce } from "./pipeline.ts";

/** Milliseconds that a connection or a stream may take to end once the server has ended it. */
const linger = 1000;

/** What is known about a stream. Times are in milliseconds of `performance.now()`. */
interface Progress {
  readonly beganAt: number;
  /** When the client last received a part of the response. */
  receivedAt: number;
  /** Bytes that were waiting to be sent at the last check. */
  unsent: number;
  /** When the server ended the stream; `undefined`: it has not. */
  endedAt: number | undefined;
}

/** The part of Node's connection over HTTP/2 that is used. */
interface NodeConnection extends NodeJS.EventEmitter {
  readonly destroyed: boolean;
  /** Ends the connection when its open streams have ended. */
  close(): void;
  /** Sends a ping to the client. Returns false, and sends none, if too many are unanswered. */
  ping(answered: () => void): boolean;
  destroy(): void;
}

interface Connection {
  readonly http2: NodeConnection;
  readonly streams: Map<ServerHttp2Stream, Progress>;
  /** Since when no stream is open; `undefined` while one is. */
  idleSince: number | undefined;
  /** When the server ended the connection; `undefined`: it has not. */
  endedAt: number | undefined;
  /** When the client last answered a ping, or else when the connection began. */
  answeredAt: number;
  /** When the ping was sent that the client has not answered yet; `undefined`: it has answered all. */
  pingedAt: number | undefined;
  /** The number of requests that the application has not answered yet, including those that the client has cancelled. */
  unanswered: number;
}

/** The connection of a stream. */
const connectionOf = Symbol("connectionOf");

interface TrackedStream extends ServerHttp2Stream {
  [connectionOf]?: Connection;
}

interface Limits {
  /** Milliseconds, like the other. */
  readonly request: number;
  readonly idle: number;
}

/** The connections over HTTP/2 and their streams, whose limits Node does not check. */
export class Http2Connections {
  readonly #limits: Limits;
  /** By TCP connection. */
  readonly #connections = new Map<Socket, Connection>();
  /** The TCP connection on which HTTP/2 begins next. */
  #next: Socket | undefined;
  #closes = false;

  /** @param server - A server for HTTP/2 that does not listen yet. */
  constructor(server: Server, limits: Limits) {
    this.#limits = limits;
    server.on("session", (http2: NodeConnection) => this.#add(this.#next!, http2));
  }

  /** Sets the TCP connection on which HTTP/2 begins next, because Node does not reveal it later. */
  prepare(carrier: Socket): void {
    this.#next = carrier;
  }

  #add(socket: Socket, http2: NodeConnection): void {
    const streams = new Map<ServerHttp2Stream, Progress>();
    const beganAt = performance.now();
    const connection: Connection = {
      http2,
      streams,
      idleSince: beganAt,
      endedAt: undefined,
      answeredAt: beganAt,
      pingedAt: undefined,
      unanswered: 0,
    };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    // Before the listener of Node, which begins the request.
    http2.prependListener("stream", (stream: TrackedStream) => {
      stream[connectionOf] = connection;
      const now = performance.now();
      const progress: Progress = { beganAt: now, receivedAt: now, unsent: 0, endedAt: undefined };
      streams.set(stream, progress);
      connection.idleSince = undefined;
      stream.on("drain", () => (progress.receivedAt = performance.now()));
      stream.once("close", () => {
        streams.delete(stream);
        if (streams.size === 0) connection.idleSince = performance.now();
      });
    });
  }

  /**
   * Registers a request. Returns the function to call when the application has answered it; `undefined` if the request must not be
   * answered: a client that cancels its requests does not stop the work on them, so they count until that has ended.
   */
  begin({ [connectionOf]: connection }: TrackedStream): (() => void) | undefined {
    if (connection === undefined || connection.unanswered >= 2 * mostAtOnce) return undefined;
    connection.unanswered += 1;
    let isAnswered = false;
    return () => {
      if (!isAnswered) connection.unanswered -= 1;
      isAnswered = true;
    };
  }

  get streams(): Iterable<ServerHttp2Stream> {
    return [...this.#connections.values()].flatMap(({ streams }) => [...streams.keys()]);
  }

  /** Refuses new requests. Each connection ends when its open streams have ended. */
  close(): void {
    this.#closes = true;
  }

  /** Ends streams and connections that have reached a limit, and destroys those that did not end in time. */
  check(now: number): void {
    const { request, idle } = this.#limits;
    for (const [socket, connection] of this.#connections) {
      const { http2, streams, idleSince } = connection;
      for (const [stream, progress] of streams) {
        const { writableLength, writableFinished } = stream;
        // A stream ends when its response has been sent. If it stays open, its connection is broken, and it counts as late.
        if (writableLength === 0 ? !writableFinished : writableLength !== progress.unsent) {
          progress.receivedAt = now;
          progress.unsent = writableLength;
        }
        const isOpen = stream.state.state === constants.NGHTTP2_STREAM_STATE_OPEN;
        const isLate = (isOpen && now - progress.beganAt > request) || now - progress.receivedAt > request;
        if (progress.endedAt === undefined && isLate) {
          progress.endedAt = now;
          stream.close(constants.NGHTTP2_CANCEL);
        } else if (progress.endedAt !== undefined && now - progress.endedAt > linger) socket.resetAndDestroy();
      }
      this.#ping(connection, now);
      if (connection.pingedAt !== undefined && now - connection.pingedAt > request) socket.resetAndDestroy();
      else if (connection.endedAt === undefined) {
        if (this.#closes || (idleSince !== undefined && now - idleSince > idle)) {
          if (idleSince !== undefined) connection.endedAt = now;
          http2.close();
        }
      } else if (now - connection.endedAt > linger) socket.resetAndDestroy();
    }
  }

  /**
   * Pings a client from time to time. While a request waits for its response, nothing else shows whether the client is still there:
   * after a protocol error, Node does not read from the connection any more, not even its end, and waits for the open streams.
   */
  #ping(connection: Connection, now: number): void {
    const { http2, pingedAt, answeredAt } = connection;
    if (pingedAt !== undefined || http2.destroyed || now - answeredAt < this.#limits.idle) return;
    connection.pingedAt = now;
    http2.ping(() => {
      connection.answeredAt = performance.now();
      connection.pingedAt = undefined;
    });
  }

  destroy(): void {
    for (const [socket, { http2 }] of this.#connections) {
      http2.destroy();
      socket.destroy();
    }
  }
}
