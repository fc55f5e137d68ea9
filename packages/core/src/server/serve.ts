import { createServer, type Server as HTTPServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, ListenOptions } from "node:net";
import { Connections } from "./connections.ts";
import { ConfigError, PortInUseError } from "../http/errors.ts";
import { listenerOf, type Served } from "./listener.ts";

export interface ServeOptions {
  /** Port to listen on; 0 takes a free one. Default 8080. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`: this machine only. */
  readonly hostname?: string | undefined;
  /** Certificate and key in PEM; with them the server speaks https and HTTP/2. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly passphrase?: string | undefined } | undefined;
  /** Bytes that the first line and the headers of a request may have; past it 431. Over HTTP/2 the limit is 64 KiB. Default 16 KiB. */
  readonly maxHeaderSize?: number | undefined;
  /** How long a client may take. */
  readonly timeouts?: Timeouts | undefined;
  /** Whether SIGTERM and SIGINT close the server. Default true. */
  readonly gracefulShutdown?: boolean | undefined;
  /** Prints no URL. Default false. */
  readonly silent?: boolean | undefined;
}

/** In milliseconds, 1 or more. What takes longer is ended; a quarter of the time more may pass before it is seen. */
export interface Timeouts {
  /** For the headers of a request, and for the TLS handshake. 408. Default 10,000. */
  readonly headers?: number | undefined;
  /**
   * For a whole request with its body, counted from its first byte, 408; over HTTP/2 for each pause in the body. Not for the
   * answer, but a server that closes ends connections whose client has not read for so long. Default 60,000.
   */
  readonly request?: number | undefined;
  /** Between two requests on one connection. Default 5,000. */
  readonly idle?: number | undefined;
}

/** A server that is listening. */
export interface Server {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, finishes what is in flight, and resolves when the last connection has ended. */
  close(): Promise<void>;
}

/**
 * Serves an application over HTTP; resolves once it is listening.
 *
 * @throws PortInUseError when the port is taken; ConfigError for a limit that is none.
 */
export async function serve(app: Served, options: ServeOptions = {}): Promise<Server> {
  const { port = 8080, hostname = "127.0.0.1", tls, gracefulShutdown = true, silent = false } = options;
  const { maxHeaderSize = 16_384, timeouts: { headers = 10_000, request = 60_000, idle = 5000 } = {} } = options;
  for (const [name, value] of Object.entries({
    maxHeaderSize,
    "timeouts.headers": headers,
    "timeouts.request": request,
    "timeouts.idle": idle,
  })) {
    if (!(Number.isSafeInteger(value) && value > 0)) throw new ConfigError(`serve() needs ${name} to be a whole number from 1 on.`);
  }
  // Over TLS both versions are spoken on one port; HTTP/1 is then Node's HTTP server on the same connection.
  const server = (
    tls === undefined ? createServer() : createSecureServer({ ...tls, allowHTTP1: true, handshakeTimeout: headers })
  ) as HTTPServer;
  const connections = new Connections(server, { maxHeaderSize, headers, request, idle });
  server.on("request", listenerOf(app, connections, tls !== undefined));
  // Not exclusive: workers of node:cluster share the port.
  await listen(server, { port, host: hostname, exclusive: false });
  const address = server.address() as AddressInfo;
  const url = `${tls === undefined ? "http" : "https"}://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/`;
  let closing: Promise<void> | undefined;
  const signals = ["SIGTERM", "SIGINT"] as const;
  const onSignal = () => void close();

  function close(): Promise<void> {
    return (closing ??= drain());
  }

  async function drain(): Promise<void> {
    for (const signal of signals) process.off(signal, onSignal);
    await connections.close();
  }

  if (gracefulShutdown) for (const signal of signals) process.once(signal, onSignal);
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
