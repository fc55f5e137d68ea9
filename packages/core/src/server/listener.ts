import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { NodeRequest, sendNodeResponse } from "srvx/node";
import { Admission } from "./request-checks.ts";
import type { App } from "../app/app.ts";
import { limitedBody } from "../http/body.ts";
import type { Connections } from "./connections.ts";
import { logError } from "../context/logger.ts";
import { multiplexed } from "./multiplexed.ts";
import { isPromise } from "../app/steps.ts";
import { target, type Origin, type Target } from "../context/request.ts";
import { adopt, Response } from "../http/response.ts";

/** What is needed of an application to serve it. */
export type Served = Pick<App, "fetch" | "maxBodySize" | "logger">;

interface Incoming extends IncomingMessage {
  /** Of a request over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** The web request that stands for one of Node; its body is limited as it is read. */
class ServedRequest extends NodeRequest {
  readonly [limitedBody] = true;
  readonly [target]: Target | undefined;

  constructor(req: Incoming, res: ServerResponse, maxRequestBodySize: number, origin: Origin | undefined) {
    super({ req, res, maxRequestBodySize });
    this[target] = origin && { origin, pathAndQuery: req.url! };
  }
}

/** What Node calls for each request: answers it, at once where the application does. */
export function listenerOf(app: Served, connections: Connections, secure: boolean): (req: Incoming, res: ServerResponse) => void {
  const admission = new Admission(secure);

  return (req, res) => {
    const { stream } = req;
    // Not the number of the version, which over HTTP/1 is what the client says.
    const isFirst = stream !== undefined || connections.note(req, res);
    const judged = !isFirst ? 400 : stream === undefined ? admission.judge(req, res) : admission.judgeStream(req.headers);
    if (typeof judged === "number") {
      // Nothing is looked at that comes behind one that is refused.
      if (stream === undefined) res.shouldKeepAlive = false;
      res.writeHead(judged, { "content-length": 0 }).end();
      return;
    }
    // A body that is longer or shorter than its length breaks the connection off, in place of what comes next on it.
    if (stream === undefined) res.strictContentLength = true;
    // Neither an application nor what follows throws or rejects; if it did, it would end the process here.
    const failed = (error: unknown) => {
      logError(app.logger, "Cannot send an answer", error);
      fail(res);
    };
    const answered = (response: globalThis.Response) => send(req, res, response instanceof Response ? response : adopt(response), failed);
    try {
      const answer = app.fetch(new ServedRequest(req, res, app.maxBodySize, judged));
      if (isPromise(answer)) answer.then((response) => answered(response as Response)).then(undefined, failed);
      else answered(answer);
    } catch (error) {
      failed(error);
    }
  };
}

function send(req: Incoming, res: ServerResponse, response: Response, failed: (error: unknown) => void): void {
  const { stream } = req;
  // What nobody has read of a body would stand before the next request.
  if (req.method !== "GET" && !req.readableEnded) res.once("finish", () => void req.resume());
  if (stream !== undefined) {
    sendNodeResponse(res, multiplexed(response, stream)).catch(failed);
    return;
  }
  const { status, statusText, headers, body, length } = response._toNodeResponse();
  if (body instanceof ReadableStream) {
    sendNodeResponse(res, response).catch(failed);
    return;
  }
  // The client has gone, and with it the connection.
  if (res.destroyed) return;
  const { socket } = res;
  res.writeHead(status, statusText, headers);
  if (body === null || length === 0 || socket === null) {
    res.end(body);
    return;
  }
  // Head and body leave in one write, where end(body) would add an empty one behind them.
  socket.cork();
  try {
    // Text in which each character is a byte is copied as it is.
    res.write(body, length === body.length ? "latin1" : "utf8");
  } finally {
    socket.uncork();
  }
  res.end();
}

function fail(res: ServerResponse): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  // A length that Node has noted is not this answer's.
  res.strictContentLength = false;
  res.writeHead(500, { "content-length": 0 }).end();
}
