import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { NodeRequest, sendNodeResponse } from "srvx/node";
import type { App } from "../app/app.ts";
import { logError } from "../context/logger.ts";
import type { FlatHeaders } from "../http/headers.ts";
import { isHost } from "../http/host.ts";
import { adopt, connectionSpecific, fromParts, partsOf, Response } from "../http/response.ts";
import { hasLimitedBody, target, type Origin, type ServedRequest, type Target } from "../http/served-request.ts";
import type { Connections } from "./connections.ts";

/** The part of an application that is needed to serve it. */
export type Served = Pick<App, "fetch" | "maxBodySize" | "logger"> & Partial<Pick<App, "refuse">>;

interface Incoming extends IncomingMessage {
  /** Of a request over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** The standard Request for one of Node. */
class IncomingRequest extends NodeRequest implements ServedRequest {
  readonly [hasLimitedBody] = true;
  readonly [target]: Target | undefined;

  constructor(req: Incoming, res: ServerResponse, maxRequestBodySize: number, known: Target | undefined) {
    super({ req, res, maxRequestBodySize });
    this[target] = known;
  }
}

/** The function that Node calls for each request: checks its head, has the application answer it, and sends the response. */
export function listenerOf(app: Served, connections: Connections, secure: boolean): (req: Incoming, res: ServerResponse) => void {
  const checks = new HeadChecks(secure);

  return (req, res) => {
    const { stream } = req;
    // The version number cannot be trusted: over HTTP/1 the client writes it.
    const mayFollow = stream !== undefined || connections.note(req, res);
    const checked = !mayFollow ? 400 : stream === undefined ? checks.check(req, res) : checks.checkStream(req.headers);
    if (typeof checked === "number") {
      // Whatever follows a refused request on the connection is not read.
      if (stream === undefined) res.shouldKeepAlive = false;
      // Host and target of a malformed request are not given to the application.
      const refused = new IncomingRequest(req, res, app.maxBodySize, { origin: { secure, host: "" }, pathAndQuery: "/" });
      const headers = app.refuse?.(refused, checked).headers ?? [];
      res.writeHead(checked, { ...Object.fromEntries(headers), "content-length": 0 }).end();
      return;
    }
    // A body that is longer or shorter than its length ends the connection, so that it cannot be taken for the next response.
    if (stream === undefined) res.strictContentLength = true;
    // Neither an application nor sending throws or rejects; if one did, the process would end here.
    const failed = (error: unknown) => {
      logError(app.logger, "Cannot send a response", error);
      fail(res);
    };
    const answered = (response: globalThis.Response) => send(req, res, response instanceof Response ? response : adopt(response), failed);
    try {
      const answer = app.fetch(new IncomingRequest(req, res, app.maxBodySize, checked && { origin: checked, pathAndQuery: req.url! }));
      if ("then" in answer) answer.then(answered).then(undefined, failed);
      else answered(answer);
    } catch (error) {
      failed(error);
    }
  };
}

/** The most hosts that are remembered as valid. */
const mostHosts = 1000;

/** The origin that a request was sent to; `undefined`: its URL says it. A number is the status that refuses the request. */
type Checked = Origin | undefined | number;

/** Checks the heads of requests for what RFC 9112 and RFC 9113 forbid and Node lets through. */
class HeadChecks {
  readonly #secure: boolean;
  readonly #origins = new Map<string, Origin>();

  /** @param secure - Whether the requests come over TLS. */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  /** Checks a request over HTTP/1. Of its headers only the names are read, and three values. */
  check({ method, url = "", rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage, response: ServerResponse): Checked {
    if (httpVersionMajor !== 1) return 505;
    let host: string | undefined;
    let coding: string | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!;
      // The length alone tells almost all other names from these.
      if (name.length === 4 && name.toLowerCase() === "host") {
        // RFC 9112 §3.2: at most one. With several it would be unclear which one counts.
        if (host !== undefined) return 400;
        host = rawHeaders[i + 1]!;
      } else if (name.length === 7 && name.toLowerCase() === "upgrade") {
        // No other protocol is spoken here, and Node drops what came with the request: the next one may be cut.
        response.shouldKeepAlive = false;
      } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        coding = coding === undefined ? rawHeaders[i + 1]! : `${coding}, ${rawHeaders[i + 1]!}`;
      }
    }
    if (host === undefined && httpVersionMinor > 0) return 400;
    if (!url.startsWith("/") && !(url === "*" ? method === "OPTIONS" : isAbsolute(url))) return 400;
    const origin = host === undefined ? undefined : this.#originOf(host);
    if (origin === 400) return 400;
    // RFC 9112 §6.1: a coding that would have to be undone.
    return coding !== undefined && coding.toLowerCase() !== "chunked" ? 501 : origin;
  }

  /** Checks a request over HTTP/2. RFC 9113 §8.3.1: if two hosts differ, it is unclear which one counts. */
  checkStream({ ":authority": authority, host = authority }: IncomingHttpHeaders): Checked {
    const isOne = authority === undefined || authority === host;
    return host !== undefined && isOne ? this.#originOf(host) : 400;
  }

  /** A target without an authority has the empty host. */
  #originOf(host: string): Checked {
    if (host === "") return undefined;
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    if (!URL.canParse(`http://${host}/`)) return 400;
    // The application refuses whatever else a URL may have before its path.
    if (!isHost(host)) return undefined;
    const origin = { secure: this.#secure, host: host.toLowerCase() };
    if (this.#origins.size < mostHosts) this.#origins.set(host, origin);
    return origin;
  }
}

/** RFC 9112 §3.2.2: the form that is sent to proxies, and that every server has to understand. */
function isAbsolute(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

function send(req: Incoming, res: ServerResponse, response: Response, failed: (error: unknown) => void): void {
  const { stream } = req;
  // The rest of a body that was not read is discarded, so that the next request can be read.
  if (req.method !== "GET" && !req.readableEnded) res.once("finish", () => void req.resume());
  if (stream !== undefined) {
    sendNodeResponse(res, forHttp2(response, stream)).catch(failed);
    return;
  }
  const { status, statusText, headers, body, length } = response._toNodeResponse();
  if (body instanceof ReadableStream) {
    sendNodeResponse(res, response).catch(failed);
    return;
  }
  // The client has disconnected.
  if (res.destroyed) return;
  const { socket } = res;
  res.writeHead(status, statusText, headers);
  if (body === null || length === 0 || socket === null) {
    res.end(body);
    return;
  }
  // Head and body leave in one write. end(body) would add an empty one.
  socket.cork();
  try {
    // Text in which each character is one byte is copied as it is.
    res.write(body, length === body.length ? "latin1" : "utf8");
  } finally {
    socket.uncork();
  }
  res.end();
}

/**
 * A response that HTTP/2 can carry: each header once, and none that is about the connection. Node throws for other
 * headers, in a place where the error cannot be caught. The body is cancelled if the client has already closed the stream.
 */
function forHttp2(response: Response, stream: ServerHttp2Stream): Response {
  const { body, status, statusText } = partsOf(response);
  const headers: FlatHeaders = [];
  for (const [name, value] of response.headers) if (!connectionSpecific.has(name)) headers.push(name, value);
  const isGone = (stream.closed || stream.destroyed) && body instanceof ReadableStream;
  if (isGone) void body.cancel().catch(() => undefined);
  return fromParts({ body: isGone ? null : body, status, statusText, headers });
}

function fail(res: ServerResponse): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  // Node may have noted the length of the response that failed.
  res.strictContentLength = false;
  res.writeHead(500, { "content-length": 0 }).end();
}
