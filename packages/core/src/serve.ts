import { serve as listen } from "srvx/node";
import type { IncomingMessage, Server as HTTPServer, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { Admission } from "./admission.ts";
import type { App } from "./app.ts";
import { limitedBody } from "./body.ts";
import { Connections } from "./connections.ts";
import { ConfigError, PortInUseError } from "./errors.ts";
import { multiplexed } from "./multiplexed.ts";
import { chain } from "./promise.ts";
import { Response } from "./response.ts";

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

/** What is needed of an application to serve it. */
type Served = Pick<App, "fetch" | "maxBodySize" | "logger">;

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
  const admission = new Admission();
  const server = listen({
    fetch(incoming) {
      const { req, res } = incoming.runtime!.node as {
        readonly req: IncomingMessage & { readonly stream?: ServerHttp2Stream };
        readonly res: ServerResponse;
      };
      const { stream } = req;
      // Not the number of the version, which over HTTP/1 is what the client says.
      const refusal = stream === undefined ? refusalOf(req, res) : admission.refusalOfStream(req.headers);
      if (refusal !== undefined) return new Response(null, { status: refusal });
      if (incoming.method !== "GET") {
        Object.defineProperty(incoming, limitedBody, { value: true });
        // What nobody has read of a body would stand before the next request.
        res.once("finish", () => void req.resume());
      }
      const answer = app.fetch(incoming);
      return stream === undefined ? answer : (chain(answer, (response) => multiplexed(response, stream)) as Response | Promise<Response>);
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
    node: { exclusive: false, handshakeTimeout: headers },
  });
  /** Of a request over HTTP/1; nothing is looked at that comes behind one that is refused. */
  function refusalOf(req: IncomingMessage, res: ServerResponse): number | undefined {
    const refusal = connections.note(req, res) ? admission.refusal(req) : 400;
    if (refusal !== undefined) res.shouldKeepAlive = false;
    // A body that is longer or shorter than its length breaks the connection off, in place of what comes next on it.
    else res.strictContentLength = true;
    return refusal;
  }

  const connections = new Connections(server.node!.server as HTTPServer, { maxHeaderSize, headers, request, idle });
  try {
    await server.serve();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      throw new PortInUseError(port, hostname, { cause: error });
    throw error;
  }
  const url = server.url!;
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
  return { url, port: Number(new URL(url).port) || port, close };
}
