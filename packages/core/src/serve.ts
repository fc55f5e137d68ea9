import { serve as listen } from "srvx/node";
import type { Server as HTTPServer } from "node:http";
import type { Socket } from "node:net";
import type { App } from "./app.ts";
import { PortInUseError } from "./errors.ts";
import { limitedBody } from "./request.ts";

export interface ServeOptions {
  /** Port to listen on; 0 takes a free one. Default 8080. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`: this machine only. */
  readonly hostname?: string | undefined;
  /** Certificate and key in PEM; with them the server speaks https and HTTP/2. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly passphrase?: string | undefined } | undefined;
  /** Whether SIGTERM and SIGINT close the server. Default true. */
  readonly gracefulShutdown?: boolean | undefined;
  /** Prints no URL. Default false. */
  readonly silent?: boolean | undefined;
}

/** A server that is listening. */
export interface Server {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, finishes what is in flight, and resolves when the last connection has ended. */
  close(): Promise<void>;
}

/** What is needed of an application to serve it. */
type Served = Pick<App, "fetch" | "maxBodySize" | "logger">;

/** Milliseconds between two looks for connections that went idle while the server closes. */
const sweepInterval = 25;

/**
 * Serves an application over HTTP; resolves once it is listening.
 *
 * @throws PortInUseError when the port is taken.
 */
export async function serve(app: Served, options: ServeOptions = {}): Promise<Server> {
  const { port = 8080, hostname = "127.0.0.1", tls, gracefulShutdown = true, silent = false } = options;
  const server = listen({
    fetch: (request) => {
      if (request.method !== "GET") Object.defineProperty(request, limitedBody, { value: true });
      return app.fetch(request);
    },
    port,
    hostname,
    ...(tls !== undefined && {
      tls: { cert: tls.cert, key: tls.key, ...(tls.passphrase !== undefined && { passphrase: tls.passphrase }) },
    }),
    maxRequestBodySize: app.maxBodySize,
    manual: true,
    silent: true,
    gracefulShutdown: false,
    // As Node has it: workers of node:cluster share the port, which srvx would refuse to all but one.
    node: { exclusive: false },
  });
  try {
    await server.serve();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      throw new PortInUseError(port, hostname, { cause: error });
    throw error;
  }
  const node = server.node!.server as HTTPServer;
  const connections = trackConnections(node);
  const silentSockets = trackSilentSockets(node);
  const url = server.url!;
  let closing: Promise<void> | undefined;
  const signals = ["SIGTERM", "SIGINT"] as const;
  const onSignal = () => void close();

  function close(): Promise<void> {
    return (closing ??= drain());
  }

  async function drain(): Promise<void> {
    for (const signal of signals) process.off(signal, onSignal);
    const closed = new Promise<void>((resolve, reject) => node.close((error) => (error === undefined ? resolve() : reject(error))));
    const sweep = setInterval(() => {
      if (typeof node.closeIdleConnections === "function") node.closeIdleConnections();
      for (const connection of connections) connection.close();
      for (const socket of silentSockets) if (socket.bytesRead === 0) socket.destroy();
    }, sweepInterval);
    try {
      await closed;
    } finally {
      clearInterval(sweep);
    }
  }

  if (gracefulShutdown) for (const signal of signals) process.once(signal, onSignal);
  if (!silent) app.logger.info(`Listening on ${url}`);
  return { url, port: Number(new URL(url).port) || port, close };
}

/** Connections over which nothing has come yet, as browsers open them in advance: no idle ones to Node, which would wait for them. */
function trackSilentSockets(server: HTTPServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("data", () => sockets.delete(socket));
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

interface Closable {
  close(): void;
}

/** The HTTP/2 connections that are open; a server does not end them by itself. */
function trackConnections(server: HTTPServer): ReadonlySet<Closable> {
  const connections = new Set<Closable>();
  server.on("session", (connection: Closable & NodeJS.EventEmitter) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  return connections;
}
