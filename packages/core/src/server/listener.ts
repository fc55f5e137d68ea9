import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { App } from "../app/app.ts";
import { logError } from "../context/logger.ts";
import { clientLeft } from "../http/body.ts";
import type { FlatHeaders } from "../http/headers.ts";
import { adopt, connectionSpecific, partsOf, Response } from "../http/response.ts";
import { closing } from "../http/served-request.ts";
import { asked, type Abortable, type Connections } from "./connections.ts";
import { hasLeft, IncomingRequest, type Incoming } from "./incoming-request.ts";
import { RequestChecks } from "./request-checks.ts";
import { breakOff, sendStream } from "./stream-sender.ts";

/** The part of an application that is needed to serve it. */
export type Served = Pick<App, "fetch" | "maxBodySize" | "logger"> & Partial<Pick<App, "refuse">>;

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
  const { status, statusText, headers, body, length } = response._toNodeResponse();
  if (hasLeft(req, res)) {
    if (body instanceof ReadableStream) void body.cancel(clientLeft()).catch(() => undefined);
    return;
  }
  if (stream === undefined) res.writeHead(status, statusText, headers);
  else res.writeHead(status, forHttp2(headers));
  if (body instanceof ReadableStream) {
    void sendStream(res, body, partsOf(response).isBound === true ? () => undefined : failed, failed);
    return;
  }
  const { socket } = res;
  if (body === null || length === 0 || socket === null || stream !== undefined) {
    if (body === null || length === 0) res.end();
    else res.end(body);
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
 * Headers that HTTP/2 can carry: each header once, and none that is about the connection. Node throws for other headers, in a place
 * where the error cannot be caught.
 */
function forHttp2(flat: FlatHeaders): FlatHeaders {
  const headers = new Headers();
  for (let i = 0; i < flat.length; i += 2) if (!connectionSpecific.has(flat[i]!)) headers.append(flat[i]!, flat[i + 1]!);
  return [...headers].flat();
}

function fail(res: ServerResponse): void {
  if (res.headersSent) {
    breakOff(res);
    return;
  }
  // Node may have noted the length of the response that failed.
  res.strictContentLength = false;
  res.writeHead(500, { "content-length": 0 }).end();
}
