import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { FastResponse } from "srvx";
import { checkHeader, flatten, flatValue, isFieldValue, isToken, type FlatHeaders } from "./headers.ts";
import { ResponseHeaders } from "./response-headers.ts";

type ReusableBody = string | Uint8Array | null;

/** What a response consists of; status and headers are checked. */
export interface Parts {
  readonly body: ReusableBody | ReadableStream;
  /** Whether a body of unknown length was left out, so that there is no `Content-Length` to send. */
  readonly hasUnknownLength?: boolean;
  /** Whether the body is bound to its request, and the response leaves as it is. */
  readonly isBound?: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
}

/** What a response can be made of: the standard bodies, and the streams of Node. */
export type ResponseBody = BodyInit | Readable;

/** @param textType - The content type of a text body, if the headers have none. */
function checkedParts(body: ResponseBody | null | undefined, init: ResponseInit, textType = "text/plain;charset=UTF-8"): Parts {
  const { status = 200, statusText = "" } = init;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`A response cannot have the status ${String(status)}: it must be a whole number from 200 to 599.`);
  }
  if (statusText !== "" && !isFieldValue(statusText))
    throw new TypeError("The status text of a response has a character that it cannot have.");
  const headers = init.headers === undefined ? [] : flatten(init.headers);
  for (let i = 0; i < headers.length; i += 2) checkHeader(headers[i]!, headers[i + 1]!);
  if (body === null || body === undefined) return { body: null, status, statusText, headers };
  if (status === 204 || status === 205 || status === 304) {
    throw new TypeError(`A response with status ${status} cannot have a body.`);
  }
  if (typeof body === "string") {
    if (headers.length === 0) return { body, status, statusText, headers: ["content-type", textType] };
    if (flatValue(headers, "content-type") === undefined) headers.push("content-type", textType);
    return { body, status, statusText, headers };
  }
  if (body instanceof Uint8Array || body instanceof ReadableStream) return { body, status, statusText, headers };
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body), status, statusText, headers };
  if (ArrayBuffer.isView(body)) return { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), status, statusText, headers };
  if (body instanceof Readable) return { body: fromNode(body), status, statusText, headers };
  // Blob, FormData and so on: the native response knows their bytes and type.
  const native = new globalThis.Response(body);
  const type = native.headers.get("content-type");
  if (type !== null && flatValue(headers, "content-type") === undefined) headers.push("content-type", type);
  return { body: native.body, status, statusText, headers };
}

/** Whether a stream is being read, or was read. */
export function isUsed(stream: ReadableStream): boolean {
  // The types of Node leave out that this takes streams of the web.
  return stream.locked || Readable.isDisturbed(stream as unknown as Readable);
}

/** A stream of Node as one of the web. Cancelling it closes what Node reads from. */
function fromNode(source: Readable): ReadableStream {
  // Without a listener, an error before the first read would end the process. The first read gets it.
  source.on("error", () => undefined);
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = (await chunks.next()) as IteratorResult<unknown>;
        if (done === true) controller.close();
        else controller.enqueue(typeof value === "string" ? Buffer.from(value) : value);
      },
      cancel: () => void source.destroy(),
    },
    { highWaterMark: 0 },
  );
}

/** The form in which srvx writes a response: one `writeHead` and one body. */
interface NodeParts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
  readonly body: ReusableBody | ReadableStream;
  /** Bytes of the body; 0 for a stream, whose length is not known. */
  readonly length: number;
}

// Private fields can only be read inside their class. These functions are given out of it for the rest of the framework, and are
// not members, because an application must not make a response of unchecked parts.

/** The parts of a response; its native one is not made for them. */
export let partsOf: (response: Response) => Parts;

/** A response of checked parts. */
export let fromParts: (parts: Parts) => Response;

/**
 * The response to send. The first call returns the response itself; later calls return a copy of its first state, so that no
 * request sees changes of another. `undefined` for a stream, which can be sent only once.
 */
export let claim: (response: Response) => Response | undefined;

/**
 * The response of a handler: a standard `Response`, without the cost of the native one. That is made only if the body is read.
 * Status and headers are checked when the response is made.
 *
 * A response whose body is text, bytes or nothing may be returned any number of times, a response with a stream once.
 *
 * @throws TypeError for a status outside 200 to 599, a body with status 204, 205 or 304, or a header that cannot be sent.
 */
export class Response extends FastResponse {
  readonly #parts: Parts;
  /** The stream to send in place of that of the parts, once the response was read or cloned. */
  #stream: ReadableStream | undefined;
  #headers: ResponseHeaders | undefined;
  #native: globalThis.Response | undefined;
  #returned: FlatHeaders | undefined;

  constructor(body?: ResponseBody | null, init?: ResponseInit);
  /** @internal */
  constructor(body: null, init: undefined, parts: Parts);
  constructor(body?: ResponseBody | null, init: ResponseInit = {}, parts = checkedParts(body, init)) {
    super();
    this.#parts = parts;
  }

  /** A response with `data` as JSON, like the standard `Response.json()`. */
  static override json(data: unknown, init: ResponseInit = {}): Response {
    const body = JSON.stringify(data);
    if (body === undefined) throw new TypeError("The value cannot be written as JSON.");
    return fromParts(checkedParts(body, init, "application/json"));
  }

  override get status(): number {
    return this.#parts.status;
  }

  override get statusText(): string {
    return this.#parts.statusText;
  }

  override get headers(): Headers {
    return (this.#headers ??= new ResponseHeaders(this.#parts.headers));
  }

  /**
   * The native response. The base class, of srvx, reads everything else from it.
   *
   * @internal
   */
  get _response(): globalThis.Response {
    return (this.#native ??= new globalThis.Response(this.#parts.body as BodyInit | null, {
      status: this.#parts.status,
      statusText: this.#parts.statusText,
      headers: this.headers,
    }));
  }

  /** The native response, to be read to its end. A response that was read can still be sent. */
  #toRead(): globalThis.Response {
    const native = this._response;
    if (!(this.#parts.body instanceof ReadableStream) || this.#parts.isBound === true || native.bodyUsed) return native;
    this.#stream = native.clone().body ?? undefined;
    return native;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#toRead().arrayBuffer();
  }

  override blob(): Promise<Blob> {
    return this.#toRead().blob();
  }

  override bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#toRead().bytes();
  }

  override formData(): Promise<FormData> {
    return this.#toRead().formData();
  }

  override json(): Promise<unknown> {
    return this.#toRead().json();
  }

  override text(): Promise<string> {
    return this.#toRead().text();
  }

  /**
   * A copy with the same body, and with the headers as they are now.
   *
   * @throws TypeError if the body was read, or is being read.
   */
  override clone(): Response {
    const { body } = this.#parts;
    if (!(body instanceof ReadableStream)) {
      if (this.#native?.bodyUsed === true) throw new TypeError("Cannot clone a response whose body was read.");
      return fromParts(partsOf(this));
    }
    const copy = this._response.clone().body;
    this.#stream = this._response.body ?? undefined;
    return fromParts({ ...partsOf(this), body: copy });
  }

  /**
   * What the Node adapter of srvx writes. Unlike that of the base class, it does not change the response.
   *
   * @internal
   */
  _toNodeResponse(): NodeParts {
    const { status, body, headers, statusText: given, hasUnknownLength = false } = partsOf(this);
    const statusText = given === "" ? (STATUS_CODES[status] ?? "") : given;
    const written: FlatHeaders = [];
    const isStream = body instanceof ReadableStream;
    for (let i = 0; i < headers.length; i += 2) {
      // A length that is not the body's, or a second framing, would break the framing of the connection. There are no trailers.
      const name = headers[i]!;
      const frames = name === "transfer-encoding" || name === "trailer" || (name === "content-length" && body !== null && !isStream);
      if (!frames) written.push(headers[i]!, headers[i + 1]!);
    }
    const length = typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : 0;
    if (
      body === null
        ? !hasUnknownLength && status !== 204 && status !== 304 && flatValue(headers, "content-length") === undefined
        : !isStream
    ) {
      written.push("content-length", String(length));
    }
    return { status, statusText, headers: written, body, length };
  }

  static {
    partsOf = (response) => {
      const parts = response.#parts;
      const body = response.#stream ?? parts.body;
      if (response.#headers === undefined) return body === parts.body ? parts : { ...parts, body };
      return { ...parts, body, headers: response.#headers.flat };
    };
    fromParts = (parts) => new Response(null, undefined, parts);
    claim = (response) => {
      const { body, status, statusText } = partsOf(response);
      if (body instanceof ReadableStream && isUsed(body)) return undefined;
      if (response.#returned === undefined) {
        response.#returned = partsOf(response).headers;
        return response;
      }
      if (body instanceof ReadableStream) return undefined;
      return fromParts({ body, status, statusText, headers: response.#returned });
    };
  }
}

/** Headers about one connection, not about the response that is sent over it. RFC 9110 §7.6.1, RFC 9113 §8.2.2. */
export const connectionSpecific: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A response of this class for one made elsewhere, such as by `fetch`, whose headers may be immutable. Takes over the body. */
export function adopt(response: globalThis.Response): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  // RFC 9110 §7.6.1: those that Connection names are about that connection too. A name that cannot be one is in no headers.
  const named = (headers.get("connection") ?? "").split(",", 100).map((name) => name.trim());
  for (const name of [...connectionSpecific, ...named.filter(isToken)]) headers.delete(name);
  // fetch has decoded the body, so its coding and its length are wrong now.
  if (url !== "" && headers.has("content-encoding")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  return new Response(response.body, { status, statusText, headers });
}

/** A response with `data` as JSON. */
export function json(data: unknown, init?: ResponseInit): Response {
  return Response.json(data, init);
}

/** A response with plain text, in UTF-8. */
export function text(body: string, init?: ResponseInit): Response {
  return new Response(body, init);
}
