import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { NodeRequest, sendNodeResponse } from "srvx/node";
import type { App } from "../app/app.ts";
import { logError } from "../context/logger.ts";
import type { FlatHeaders } from "../http/headers.ts";
import { adopt, connectionSpecific, fromParts, partsOf, Response } from "../http/response.ts";
import { closing, hasLimitedBody, takeOver, target, type ServedRequest, type Target } from "../http/served-request.ts";
import { asked, type Abortable, type Connections } from "./connections.ts";
import { RequestChecks } from "./request-checks.ts";

/** The part of an application that is needed to serve it. */
export type Served = Pick<App, "fetch" | "maxBodySize" | "logger"> & Partial<Pick<App, "refuse">>;

interface Incoming extends IncomingMessage {
  /** Of a request over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** The standard Request for one of Node. */
export class IncomingRequest extends NodeRequest implements ServedRequest, Abortable {
  readonly [hasLimitedBody] = true;
  readonly [target]: Target | undefined;
  [closing]: AbortSignal | undefined;
  [takeOver]: (() => unknown) | undefined;

  constructor(req: Incoming, res: ServerResponse, maxRequestBodySize: number, known: Target | undefined) {
    super({ req, res, maxRequestBodySize });
    this[target] = known;
  }

  /** Aborts the signal. */
  abort(reason: unknown): void {
    // The controller that srvx makes for the signal.
    (this as unknown as { readonly _abortController: AbortController })._abortController.abort(reason);
  }
}

/** The function that Node calls for each request: checks its head, has the application answer it, and sends the response. */
export function listenerOf(app: Served, connections: Connections, secure: boolean): (req: Incoming, res: ServerResponse) => void {
  const checks = new RequestChecks(secure);

  function answer(req: Incoming, res: ServerResponse, mayFollow = true): void {
    const { stream } = req;
    const checked = mayFollow ? checks.check(req, res, stream !== undefined) : 400;
    if (typeof checked === "number") {
      // Whatever follows a refused request on the connection is not read.
      if (stream === undefined) res.shouldKeepAlive = false;
      // Host and target of a malformed request are not given to the application.
      const refused = new IncomingRequest(req, res, app.maxBodySize, { origin: { secure, host: "" }, pathAndQuery: "/" });
      const headers = app.refuse?.(refused, checked).headers ?? [];
      res.writeHead(checked, { ...Object.fromEntries(headers), "content-length": 0 }).end();
      return;
    }
    const answered = stream === undefined ? undefined : connections.http2.begin(stream);
    if (stream !== undefined && answered === undefined) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    // A body that is longer or shorter than its length ends the connection, so that it cannot be taken for the next response.
    if (stream === undefined) res.strictContentLength = true;
    // Neither an application nor sending throws or rejects; if one did, the process would end here.
    const failed = (error: unknown) => {
      answered?.();
      logError(app.logger, "Cannot send a response", error);
      fail(res);
    };
    const respond = (response: globalThis.Response) => {
      answered?.();
      send(req, res, response instanceof Response ? response : adopt(response), failed);
    };
    try {
      const request = new IncomingRequest(req, res, app.maxBodySize, checked && { origin: checked, pathAndQuery: req.url! });
      request[closing] = connections.closing;
      ((stream ?? res) as { [asked]?: Abortable })[asked] = request;
      const response = app.fetch(request);
      if ("then" in response) response.then(respond).then(undefined, failed);
      else respond(response);
    } catch (error) {
      failed(error);
    }
  }

  return (req, res) => {
    if (req.stream !== undefined) return answer(req, res);
    const mayFollow = connections.note(req, res, answer);
    if (mayFollow !== undefined) answer(req, res, mayFollow);
  };
}

function send(req: Incoming, res: ServerResponse, response: Response, failed: (error: unknown) => void): void {
  const { stream } = req;
  // The rest of a body that was not read is discarded, so that the next request can be read.
  // Over HTTP/2 the stream knows when it has sent the response. A reset would be allowed too (RFC 9113 §8.1), but some clients, that of
  // Node among them, then wait for ever for the end of what they send.
  if (req.method !== "GET" && !req.readableEnded) (stream ?? res).once("finish", () => void req.resume());
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
