import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { clientLeft } from "../bodies/body-errors.ts";
import { followSignal } from "../http/follow-signal.ts";
import { isHost, unknownHost } from "../http/host.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import {
  type BodySink,
  type BodySource,
  closing,
  limitBody,
  native,
  receive,
  type ServedRequest,
  delegateToNative,
  takeOver,
  target,
  type Target,
} from "../http/served-request.ts";
import { hasLeft } from "./connections.ts";
import { bodyStream, hasBody, receiveBody } from "./incoming-body.ts";
import { guardListeners, NativeRequest } from "./native-request.ts";
import type { Abortable, Incoming } from "./tracked-socket.ts";

/** Runs work in its request, because listeners of a socket run outside of all requests. */
type RunInRequest = (work: () => void) => void;

const nothing: BodySource = { pause: () => undefined, resume: () => undefined, leave: () => undefined };

/**
 * The standard Request for a request of Node. Members that are not here are read from a native Request, which is made when it is
 * first needed.
 */
export class IncomingRequest implements ServedRequest, Abortable {
  declare readonly body: globalThis.Request["body"];
  declare readonly cache: RequestCache;
  declare readonly credentials: RequestCredentials;
  declare readonly destination: RequestDestination;
  declare readonly integrity: string;
  declare readonly keepalive: boolean;
  declare readonly mode: RequestMode;
  declare readonly redirect: RequestRedirect;
  declare readonly referrer: string;
  declare readonly referrerPolicy: ReferrerPolicy;
  declare readonly arrayBuffer: () => Promise<ArrayBuffer>;
  declare readonly blob: () => Promise<Blob>;
  declare readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
  declare readonly clone: () => globalThis.Request;
  declare readonly formData: () => Promise<FormData>;
  declare readonly json: () => Promise<unknown>;
  declare readonly text: () => Promise<string>;
  readonly [target]: Target | undefined;
  [closing]: AbortSignal | undefined;
  [takeOver]: (() => unknown) | undefined;
  readonly #req: Incoming;
  readonly #res: ServerResponse;
  #maxSize: number;
  #url: string | undefined;
  #headers: RequestHeaders | undefined;
  #native: globalThis.Request | undefined;
  #abortController: AbortController | undefined;
  #run: RunInRequest | undefined;
  #isRead = false;

  /** @param known - The target, if it was checked. */
  constructor(req: Incoming, res: ServerResponse, maxSize: number, known: Target | undefined) {
    this[target] = known;
    this[closing] = undefined;
    this[takeOver] = undefined;
    this.#req = req;
    this.#res = res;
    this.#maxSize = maxSize;
  }

  [limitBody](maxSize: number): void {
    this.#maxSize = maxSize;
  }

  [receive](sink: BodySink): BodySource | undefined {
    if (this.#native !== undefined || this.#isRead) return undefined;
    this.#isRead = true;
    if (hasBody(this.#req)) return receiveBody(this.#req, this.#res, this.#maxSize, sink);
    sink.end();
    return nothing;
  }

  get method(): string {
    return this.#req.method!;
  }

  /** Address of the peer. */
  get ip(): string | undefined {
    return this.#req.socket.remoteAddress;
  }

  get url(): string {
    return (this.#url ??= urlOf(this.#req, this[target]));
  }

  get headers(): Headers {
    return (this.#headers ??= new RequestHeaders(this.#req.rawHeaders));
  }

  get bodyUsed(): boolean {
    return this.#native === undefined ? this.#isRead : this.#native.bodyUsed;
  }

  get signal(): AbortSignal {
    return this.#native === undefined ? this.#controller.signal : this.#native.signal;
  }

  abort(reason: unknown): void {
    const controller = this.#controller;
    this.#run!(() => controller.abort(reason));
  }

  get #controller(): AbortController {
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

  get [native](): globalThis.Request {
    if (this.#native === undefined) {
      const { method, headers, signal } = this;
      // If the body was read before, the native Request gets a body that was read.
      const stream = this.#isRead ? new ReadableStream() : this.#stream();
      const body = stream !== null && { body: stream, duplex: "half" };
      this.#native = new NativeRequest(this.url, { method, headers, signal: followSignal(signal), ...body } as RequestInit);
      if (this.#isRead) void this.#native.body!.cancel();
      // From now on, both have the same headers.
      this.#headers!.replaceWith(this.#native.headers);
    }
    return this.#native;
  }

  #stream(): ReadableStream<Uint8Array> | null {
    return hasBody(this.#req) ? bodyStream(this.#req, this.#res, this.#maxSize, AsyncLocalStorage.snapshot()) : null;
  }

  static {
    delegateToNative<globalThis.Request>(this, globalThis.Request);
  }
}

/** The absolute URL of a request in its normal form. */
function urlOf({ url = "/", headers, socket }: Incoming, known: Target | undefined): string {
  const scheme = (known === undefined ? (socket as TLSSocket).encrypted === true : known.origin.secure) ? "https" : "http";
  const path = known?.pathAndQuery ?? url;
  // A target may be an absolute URL, RFC 9112 §3.2.2. Then its host is used.
  if (!path.startsWith("/") && URL.canParse(path)) {
    const absolute = new URL(path);
    if (!isHost(absolute.host)) absolute.host = unknownHost;
    return absolute.href.split("#", 1)[0]!;
  }
  const named = known?.origin.host ?? (headers.host || (headers[":authority"] as string | undefined));
  const own = `${socket.localFamily === "IPv6" ? `[${socket.localAddress}]` : socket.localAddress}:${socket.localPort}`;
  const host = named ? (isHost(named) ? named : unknownHost) : socket.localAddress === undefined ? "localhost" : own;
  return new URL(`${scheme}://${host}${path.startsWith("/") ? path : path === "*" ? "/*" : "/"}`).href;
}
