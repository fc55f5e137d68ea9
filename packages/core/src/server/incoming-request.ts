import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { NodeRequest } from "srvx/node";
import { clientLeft, endedEarly, tooLarge } from "../http/body.ts";
import type { Abortable } from "./connections.ts";
import { guardListeners, NativeRequest } from "./native-request.ts";
import { closing, hasLimitedBody, limitBody, native, takeOver, target, type ServedRequest, type Target } from "../http/served-request.ts";

export interface Incoming extends IncomingMessage {
  /** Of a request over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** Whether the client of a request has disconnected, or over HTTP/2 has reset its stream. */
export function hasLeft({ stream }: Incoming, res: ServerResponse): boolean {
  return stream === undefined ? res.destroyed : stream.closed || stream.destroyed;
}

/** Runs work in the request that was running when it was made: what a socket calls runs outside of all requests. */
type RunInRequest = (work: () => void) => void;

/** The standard Request for one of Node. Its native one is made when somebody asks for it. */
export class IncomingRequest extends NodeRequest implements ServedRequest, Abortable {
  readonly [hasLimitedBody] = true;
  readonly [target]: Target | undefined;
  [closing]: AbortSignal | undefined;
  [takeOver]: (() => unknown) | undefined;
  readonly #req: Incoming;
  readonly #res: ServerResponse;
  #maxSize: number;
  #hasOwnLimit = false;
  #native: globalThis.Request | undefined;
  #abortController: AbortController | undefined;
  #run: RunInRequest | undefined;
  #isRead = false;

  constructor(req: Incoming, res: ServerResponse, maxRequestBodySize: number, known: Target | undefined) {
    super({ req, res, maxRequestBodySize });
    this[target] = known;
    this.#req = req;
    this.#res = res;
    this.#maxSize = maxRequestBodySize;
  }

  [limitBody](maxSize: number): void {
    this.#maxSize = maxSize;
    this.#hasOwnLimit = true;
  }

  /** Aborts the signal. */
  abort(reason: unknown): void {
    const controller = this._abortController;
    this.#run!(() => controller.abort(reason));
  }

  /**
   * The controller of `signal`, which srvx reads it from.
   *
   * @internal
   */
  get _abortController(): AbortController {
    if (this.#abortController === undefined) {
      const controller = (this.#abortController = new AbortController());
      guardListeners(controller.signal);
      this.#run = AsyncLocalStorage.snapshot();
      const leave = () => {
        if (!this.#res.writableEnded) this.abort(clientLeft());
      };
      if (hasLeft(this.#req, this.#res)) controller.abort(clientLeft());
      else this.#res.once("close", leave);
    }
    return this.#abortController;
  }

  /**
   * The native request, which srvx reads everything from that is not here.
   *
   * @internal
   */
  override get _request(): globalThis.Request {
    if (this.#native === undefined) {
      const { method, headers, signal } = this;
      // A body that was read before makes the native one a body that was read.
      const stream = this.#isRead ? new ReadableStream() : this.#stream();
      const body = stream !== null && { body: stream, duplex: "half" };
      this.#native = new NativeRequest(this.url, { method, headers, signal, ...body } as RequestInit);
      if (this.#isRead) void this.#native.body!.cancel();
      // From now on, both have the same headers.
      (headers as unknown as { _adopt(headers: Headers): void })._adopt(this.#native.headers);
    }
    return this.#native;
  }

  get [native](): globalThis.Request {
    return this._request;
  }

  override get body(): globalThis.Request["body"] {
    return this._request.body;
  }

  override get bodyUsed(): boolean {
    return this.#native === undefined ? this.#isRead : this.#native.bodyUsed;
  }

  // srvx reads the text without a stream.
  override text(): Promise<string> {
    // srvx has the limit that it was made with.
    if (this.#native !== undefined || this.#isRead || this.#hasOwnLimit) return this._request.text();
    if (!this.#hasBody()) return Promise.resolve("");
    this.#isRead = true;
    return super.text().catch((error: unknown) => {
      throw (error as { readonly code?: unknown }).code === "ERR_BODY_TOO_LARGE" ? tooLarge(this.#maxSize) : endedEarly();
    });
  }

  override json(): Promise<unknown> {
    return this._request.json();
  }

  #hasBody(): boolean {
    const { method, stream, headers } = this.#req;
    if (method === "GET" || method === "HEAD") return false;
    if (stream !== undefined) return !stream.endAfterHeaders;
    return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  }

  #stream(): ReadableStream<Uint8Array> | null {
    if (!this.#hasBody()) return null;
    return bodyStream(this.#req, this.#res, this.#maxSize, AsyncLocalStorage.snapshot());
  }
}

/**
 * The body of a request as a stream, up to a limit. When the response has been sent, the rest is no longer given to its reader: it
 * is discarded, so that the next request can be read.
 */
function bodyStream(req: Incoming, res: ServerResponse, maxSize: number, run: RunInRequest): ReadableStream<Uint8Array> {
  // Over HTTP/2 the stream knows when the response has been sent.
  const sent = req.stream ?? res;
  let controller!: ReadableByteStreamController;
  let size = 0;

  const onData = (chunk: Uint8Array) =>
    run(() => {
      size += chunk.byteLength;
      if (size > maxSize) {
        fail(tooLarge(maxSize));
        return;
      }
      // A copy, because the stream takes the memory away from other chunks in the same buffer.
      if (chunk.byteLength > 0) controller.enqueue(new Uint8Array(chunk));
      if (controller.desiredSize! <= 0) req.pause();
    });
  const onEnd = () => {
    // Over HTTP/2, Node ends the body also when the client has reset the stream.
    if (req.stream?.aborted === true || (req.stream?.rstCode ?? 0) !== 0) {
      fail(endedEarly());
      return;
    }
    detach();
    run(() => {
      controller.close();
      controller.byobRequest?.respond(0);
    });
  };
  const onClose = () => fail(endedEarly());
  // Over HTTP/2 a stream finishes also when its client resets it.
  const onFinish = () =>
    fail(res.writableEnded ? new TypeError("Cannot read more of the request's body: its response was sent.") : endedEarly());

  function detach(): void {
    req.off("data", onData).off("end", onEnd).off("error", onClose).off("close", onClose);
    sent.off("finish", onFinish);
  }

  function fail(error: Error): void {
    detach();
    req.pause();
    run(() => controller.error(error));
  }

  return new ReadableStream({
    type: "bytes",
    start(given) {
      controller = given;
      if (req.destroyed && !req.readableEnded) {
        controller.error(endedEarly());
        return;
      }
      // Paused, so that nothing is read before somebody asks for it.
      req.pause();
      req.on("data", onData).once("end", onEnd).once("error", onClose).once("close", onClose);
      sent.once("finish", onFinish);
    },
    pull: () => void req.resume(),
    cancel: detach,
  });
}
