import { createServer, type Server as HTTPServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, ListenOptions } from "node:net";
import { Connections } from "./connections.ts";
import { ConfigError } from "../http/errors.ts";
import { logError } from "../context/logger.ts";
import { listenerOf } from "./listener.ts";
import { mostAtOnce } from "./pipeline.ts";
import { PortInUseError } from "./port-in-use-error.ts";
import { answerRefusals, type ServableApp } from "./refusals.ts";
import { keepTickObject } from "./tick-object.ts";
import { acceptUpgrades, type Upgrade } from "./upgrades.ts";

export interface ServeOptions {
  /** Port to listen on; 0 for any free one. Default 8080. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`: this machine only. */
  readonly hostname?: string | undefined;
  /** Certificate and key in PEM format. With them the server uses https and HTTP/2. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly passphrase?: string | undefined } | undefined;
  /** The most bytes of the first line and the headers of a request; longer ones get 431. Over HTTP/2 the limit is 64 KiB. Default 16 KiB. */
  readonly maxHeaderSize?: number | undefined;
  /** How much time a client may take. */
  readonly timeouts?: Timeouts | undefined;
  /**
   * Milliseconds that requests in flight may take after the server begins to close. Then `request.signal` is aborted, and a second
   * later the remaining connections are closed. Default 10,000.
   */
  readonly grace?: number | undefined;
  /** Whether SIGTERM and SIGINT close the server; a second signal ends it at once. Default true. */
  readonly gracefulShutdown?: boolean | undefined;
  /**
   * Takes over the connections of web sockets, for a library such as ws. Host and origin are checked before. Without it, their
   * handshakes get 501.
   */
  readonly upgrade?: Upgrade | undefined;
  /** Whether to start without logging the URL. Default false. */
  readonly silent?: boolean | undefined;
}

/** Timeouts in milliseconds, 1 or more. They are checked at intervals, so a connection may last a quarter longer. */
export interface Timeouts {
  /** For the headers of a request, answered with 408, and for the TLS handshake. Default 10,000. */
  readonly headers?: number | undefined;
  /**
   * For a whole request with its body, from its first byte, answered with 408; over HTTP/2 the stream is reset. Also for a client
   * that stops reading its response, or sends requests behind a request that is not answered in this time. The application may take
   * longer. Over HTTP/2, clients are asked whether they are still there. Default 60,000.
   */
  readonly request?: number | undefined;
  /** Between two requests on one connection. Default 5,000. */
  readonly idle?: number | undefined;
}

/** A server that is listening. */
export interface Server {
  readonly url: string;
  readonly port: number;
  /**
   * Accepts no more connections, finishes the requests in flight, and resolves when the last connection has ended, at the latest a
   * second after the `grace`.
   */
  close(): Promise<void>;
}

/**
 * Serves an application over HTTP; resolves once it is listening.
 *
 * @throws PortInUseError if the port is in use; ConfigError for an invalid limit.
 */
export async function serve(app: ServableApp, options: ServeOptions = {}): Promise<Server> {
  const { port = 8080, hostname = "127.0.0.1", tls, gracefulShutdown = true, silent = false } = options;
  const { maxHeaderSize = 16_384, grace = 10_000, timeouts: { headers = 10_000, request = 60_000, idle = 5000 } = {} } = options;
  for (const [name, value] of Object.entries({
    maxHeaderSize,
    grace,
    "timeouts.headers": headers,
    "timeouts.request": request,
    "timeouts.idle": idle,
  })) {
    if (!(Number.isSafeInteger(value) && value > 0))
      throw new ConfigError(`The option ${name} of serve() must be a whole number, 1 or more.`);
  }
  keepTickObject();
  // Over TLS, one port serves both versions of HTTP. For HTTP/1, Node uses its HTTP server on the same connection.
  const server = (
    tls === undefined
      ? createServer()
      : createSecureServer({ ...tls, allowHTTP1: true, handshakeTimeout: headers, settings: { maxConcurrentStreams: mostAtOnce } })
  ) as HTTPServer;
  const connections = new Connections(server, { maxHeaderSize, headers, request, idle, grace });
  const listener = listenerOf(app, connections, tls !== undefined);
  server.on("request", listener);
  // Node emits this event for every value of the header Expect except 100-continue.
  server.on("checkExpectation", (req, res) => listener(req, res, 417));
  answerRefusals(server, app, connections, tls !== undefined, idle);
  if (options.upgrade !== undefined) acceptUpgrades(server, app, connections, tls !== undefined, options.upgrade);
  await app.ready;
  // Not exclusive, so that workers of node:cluster share the port.
  await listen(server, { port, host: hostname, exclusive: false });
  // A connection cannot be accepted, for example because the process has no file descriptors left. Later ones may be accepted.
  server.on("error", (error) => logError(app.logger, "Cannot accept a connection", error));
  const address = server.address() as AddressInfo;
  const url = `${tls === undefined ? "http" : "https"}://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/`;
  let closing: Promise<void> | undefined;
  const signals = ["SIGTERM", "SIGINT"] as const;

  function close(): Promise<void> {
    return (closing ??= connections.close().finally(ignoreSignals));
  }

  function ignoreSignals(): void {
    for (const signal of signals) process.off(signal, onSignal);
  }

  let wasSignalled = false;
  function onSignal(signal: NodeJS.Signals): void {
    if (wasSignalled) {
      connections.destroy();
      ignoreSignals();
      // Without a listener, the signal ends the process.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    }
    wasSignalled = true;
    void close();
  }

  if (gracefulShutdown) for (const signal of signals) process.on(signal, onSignal);
  if (!silent) app.logger.info(`Listening on ${url}`);
  return { url, port: address.port, close };
}

function listen(server: HTTPServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const { port = 0, host = "" } = options;
      reject(error.code === "EADDRINUSE" ? new PortInUseError(port, host, { cause: error }) : error);
    };
    server.once("error", failed);
    server.listen(options, () => {
      server.off("error", failed);
      resolve();
    });
  });
}
