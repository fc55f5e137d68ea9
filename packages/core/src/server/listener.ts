import type { IncomingMessage, ServerResponse } from "node:http";
import { constants } from "node:http2";
import { logError } from "../context/logger.ts";
import { clientLeft } from "../bodies/body-errors.ts";
import { isHost } from "../http/host.ts";
import { adopt } from "../http/adopted-response.ts";
import { partsOf, Response, writtenOf } from "../http/response.ts";
import { closing, type Origin } from "../http/served-request.ts";
import { hasLeft, type Connections } from "./connections.ts";
import { announcesBody } from "./incoming-body.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { Pipeline } from "./pipeline.ts";
import { besideHead, forHttp1, forHttp2 } from "./response-head.ts";
import { refuse, type ServableApp } from "./refusals.ts";
import { breakOff, sendStream } from "./stream-sender.ts";
import { pipeline, requestOf, type Abortable, type Incoming, type TrackedSocket } from "./tracked-socket.ts";

/**
 * The function that Node calls for each request. It checks the head, lets the application answer, and sends the response.
 *
 * @param refusal - The status with which the request is refused, if Node knows that it cannot be served.
 */
export function listenerOf(
  app: ServableApp,
  connections: Connections,
  secure: boolean,
): (req: Incoming, res: ServerResponse, refusal?: number) => void {
  const checks = new RequestChecks(secure);

  function answer(req: Incoming, res: ServerResponse, refusal: number | undefined): void {
    const { stream } = req;
    const checked = refusal ?? checks.check(req, res, stream !== undefined);
    if (typeof checked === "number") {
      // What follows a malformed request on the connection is not read.
      if (stream === undefined && checked !== 417) res.shouldKeepAlive = false;
      refuse(app, req, res, secure, checked);
      return;
    }
    const markAnswered = stream === undefined ? undefined : connections.http2.begin(stream);
    if (stream !== undefined && markAnswered === undefined) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    // A body that is longer or shorter than its length ends the connection, so that it is not mistaken for the next response.
    if (stream === undefined) res.strictContentLength = true;
    try {
      const request = new IncomingRequest(req, res, app.maxBodySize, checked && { origin: checked, pathAndQuery: req.url! });
      request[closing] = connections.closing;
      ((stream ?? res) as { [requestOf]?: Abortable })[requestOf] = request;
      const response = app.answer === undefined ? app.fetch(request) : app.answer(request);
      if ("then" in response)
        void response.then(
          (given) => respond(req, res, given, markAnswered),
          (error: unknown) => failed(req, res, error, markAnswered),
        );
      else respond(req, res, response, markAnswered);
    } catch (error) {
      failed(req, res, error, markAnswered);
    }
  }

  function respond(req: Incoming, res: ServerResponse, response: globalThis.Response, markAnswered: (() => void) | undefined): void {
    markAnswered?.();
    try {
      send(req, res, response instanceof Response ? response : adopt(response), failed);
    } catch (error) {
      failed(req, res, error, undefined);
    }
  }

  // Neither an application nor sending throws or rejects; if one did, the process would end here.
  function failed(req: Incoming, res: ServerResponse, error: unknown, markAnswered?: () => void): void {
    markAnswered?.();
    logError(app.logger, "Cannot send a response", error);
    if (res.headersSent) {
      breakOff(res);
      return;
    }
    // Node may have noted the length of the response that failed.
    res.strictContentLength = false;
    refuse(app, req, res, secure, 500);
  }

  return (req, res, refusal) => {
    if (req.stream !== undefined) return answer(req, res, refusal);
    const next = connections.register(req, res);
    if (next === "answer") answer(req, res, refusal);
    else if (next === "refuse") answer(req, res, 400);
    else {
      const socket = req.socket as TrackedSocket;
      (socket[pipeline] ??= new Pipeline(socket)).add(next, res, () => answer(req, res, refusal));
    }
  };
}

/** Bytes of a body that leave in one write over HTTP/2. */
const largestWrite = 65_536;

function send(
  req: Incoming,
  res: ServerResponse,
  response: Response,
  fail: (req: Incoming, res: ServerResponse, error: unknown) => void,
): void {
  const { stream } = req;
  // The rest of a body that was not read is discarded, so that the next request can be read. Over HTTP/2 the stream knows when it
  // has sent the response. A reset would be allowed too (RFC 9113 §8.1), but some clients, such as Node's, then wait forever for
  // the end of what they send.
  if (req.method !== "GET" && !req.readableEnded) (stream ?? res).once("finish", () => void req.resume());
  const { status, statusText, headers, body, length } = writtenOf(response);
  if (hasLeft(req, res)) {
    if (body instanceof ReadableStream) void body.cancel(clientLeft()).catch(() => undefined);
    return;
  }
  // Few applications set Connection. If it is not set, Node adds the correct one.
  if (stream === undefined) res.writeHead(status, statusText, headers.includes("connection") ? forHttp1(headers, res) : headers);
  else res.writeHead(status, forHttp2(headers));
  if (body instanceof ReadableStream) {
    const failed = (error: unknown) => fail(req, res, error);
    // A stream that is bound to its request logs its own failure.
    void sendStream(res, body, partsOf(response).isBound === true ? () => undefined : failed, failed);
    return;
  }
  if (stream !== undefined && body !== null && length > largestWrite) {
    // In pieces, to notice whether the client goes on reading. For HTTP/1, Node itself checks the remaining bytes.
    const failed = (error: unknown) => fail(req, res, error);
    void sendStream(res, new Blob([body as BlobPart]).stream(), failed, failed);
    return;
  }
  if (body === null || length === 0) {
    res.end();
    return;
  }
  // Text in which each character is one byte is copied without conversion.
  const encoding = length === body.length ? "latin1" : "utf8";
  const written = encoding === "utf8" && stream === undefined ? besideHead(body, statusText, headers) : body;
  const { socket } = res;
  if (socket === null || stream !== undefined) {
    res.end(written, encoding);
    return;
  }
  // Head and body are sent in one write. end(body) would add an empty write.
  socket.cork();
  try {
    res.write(written, encoding);
  } finally {
    socket.uncork();
  }
  res.end();
}

/** The most hosts that are remembered as valid. */
const mostHosts = 1000;

/** The origin that a request was sent to; `undefined` if its URL has it. A number is the status that refuses the request. */
export type CheckResult = Origin | undefined | number;

/**
 * A path and a query, of characters that the URL parser neither drops nor takes for something else: a backslash would become a
 * slash, `#` would end the target, and controls would disappear. RFC 9112 §3: an invalid target is refused, not repaired.
 */
const originForm = /^\/[!"$->@-[\]-~]*(?:\?[!"$-~]*)?$/;
/** RFC 9112 §3.2.2: the form that is sent to proxies, and that every server has to understand. */
const absoluteForm = /^(https?):\/\/([^/?]+)(\/.*|\?.*)?$/i;

/** Checks the heads of requests for what RFC 9112 and RFC 9113 forbid and Node lets through. */
export class RequestChecks {
  readonly #secure: boolean;
  readonly #acceptsWebSockets: boolean;
  readonly #origins = new Map<string, Origin>();

  /** @param secure - Whether the requests come over TLS. */
  constructor(secure: boolean, acceptsWebSockets = false) {
    this.#secure = secure;
    this.#acceptsWebSockets = acceptsWebSockets;
  }

  /**
   * Checks a request over either version of HTTP. It reads only the names of the headers, and a few values.
   *
   * @param isHttp2 - Whether it came over HTTP/2. The version number cannot be trusted: over HTTP/1 the client writes it.
   */
  check(request: IncomingMessage, response: ServerResponse, isHttp2: boolean): CheckResult {
    const { method = "", url = "", rawHeaders, httpVersionMajor, httpVersionMinor } = request;
    if (!isHttp2 && httpVersionMajor !== 1) return 505;
    let authority: string | undefined;
    let host: string | undefined;
    let scheme: string | undefined;
    let coding: string | undefined;
    let upgrades = false;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!;
      const value = rawHeaders[i + 1]!;
      // The length alone tells almost all other names from these.
      if (name.length === 4 && name.toLowerCase() === "host") {
        // RFC 9112 §3.2: at most one. With several, it would be unclear which one is valid.
        if (host !== undefined) return 400;
        host = value;
      } else if (name.length === 7) {
        if (name === ":scheme") scheme = value;
        else if (name.toLowerCase() === "upgrade") upgrades = true;
      } else if (name.length === 10) {
        if (name === ":authority") authority = value;
      } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        coding = coding === undefined ? value : `${coding}, ${value}`;
      }
    }
    if (upgrades) {
      // Node drops what came with such a request, so the next request may be incomplete.
      response.shouldKeepAlive = false;
      // RFC 9110 §7.8: the request for another protocol may be ignored. A client that wants a web socket cannot use a page. Where
      // web sockets are accepted, it would be unclear whether the bytes of a body are messages.
      if ((!this.#acceptsWebSockets || announcesBody(request)) && isHandshake(request)) return 501;
    }
    if (authority !== undefined) {
      // RFC 9113 §8.3.1: if the two differ, it is unclear which one is valid.
      if (host !== undefined && host !== authority) return 400;
      host = authority;
    }
    if (host === undefined && (isHttp2 || httpVersionMinor > 0)) return 400;
    if (isHttp2 && !this.#serves(scheme)) return 400;
    if (!originForm.test(url) && !(url === "*" ? method === "OPTIONS" : !isHttp2 && this.#isAbsolute(url))) return 400;
    const origin = host === undefined ? undefined : this.#originOf(host);
    if (origin === 400 || coding === undefined) return origin;
    // RFC 9112 §6.1: HTTP/1.0 has no transfer codings, so it is unclear where such a request ends.
    if (httpVersionMinor === 0) return 400;
    // A coding that would have to be undone.
    return coding.toLowerCase() === "chunked" ? origin : 501;
  }

  /** RFC 9110 §7.4: a request for https has to come over TLS. A proxy may send one for http over TLS too. */
  #serves(scheme: string | undefined): boolean {
    return scheme === "https" ? this.#secure : scheme === "http";
  }

  #isAbsolute(url: string): boolean {
    const parts = absoluteForm.exec(url);
    if (parts === null || !this.#serves(parts[1]!.toLowerCase())) return false;
    const rest = parts[3] ?? "/";
    return isHost(parts[2]!) && originForm.test(rest.startsWith("?") ? `/${rest}` : rest) && URL.canParse(url);
  }

  /** A target without an authority has the empty host. */
  #originOf(host: string): CheckResult {
    if (host === "") return undefined;
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    if (!URL.canParse(`http://${host}/`)) return 400;
    // The application refuses anything else that a URL may have before its path.
    if (!isHost(host)) return undefined;
    const origin = { secure: this.#secure, host: host.toLowerCase() };
    if (this.#origins.size < mostHosts) this.#origins.set(host, origin);
    return origin;
  }
}

/** Whether a request is the handshake of a web socket. RFC 6455 §4.1. */
export function isHandshake({ method, headers, httpVersionMinor }: IncomingMessage): boolean {
  return method === "GET" && httpVersionMinor > 0 && lists(headers.upgrade, "websocket") && lists(headers.connection, "upgrade");
}

/** Whether a header with a list has a token, in any case. */
function lists(value: string | undefined, token: string): boolean {
  return (value ?? "").split(",").some((each) => each.trim().toLowerCase() === token);
}
