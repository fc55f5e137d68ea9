import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Pipeline } from "./pipeline.ts";

// What is known about a connection is stored in its socket, because a lookup in a WeakMap for each request would take more time.
/** The current response of a connection, or the last one. */
export const currentResponse = Symbol("currentResponse");
/** The requests that arrived before the previous one was answered; only on connections with such requests. */
export const pipeline = Symbol("pipeline");
/** When a connection was opened. */
export const openedAt = Symbol("openedAt");
/** The TCP connection under one of TLS. */
export const carriedBy = Symbol("carriedBy");
/** The request that a response, or a stream of HTTP/2, belongs to. */
export const requestOf = Symbol("requestOf");

export interface TrackedSocket extends Socket {
  [currentResponse]?: TrackedResponse;
  [pipeline]?: Pipeline;
  [openedAt]?: number;
  [carriedBy]?: Socket;
}

export interface Incoming extends IncomingMessage {
  /** The stream of a request over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** A request that the server can abort. */
export interface Abortable {
  abort(reason: unknown): void;
}

export interface TrackedResponse extends ServerResponse {
  [requestOf]?: Abortable;
}
