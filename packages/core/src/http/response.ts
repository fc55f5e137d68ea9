import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { bytesOf } from "./bytes-of.ts";
import { formStream } from "./form-stream.ts";
import { guarded } from "./guarded.ts";
import { checkHeader, flatten, flatValue, isFieldValue, type FlatHeaders } from "./headers.ts";
import { fromNode } from "./node-stream.ts";
import { ResponseHeaders } from "./response-headers.ts";
import { native, delegateToNative } from "./served-request.ts";

type ReusableBody = string | Uint8Array | null;

/** What a response consists of; status and headers are checked. */
export interface Parts {
  readonly body: ReusableBody | ReadableStream;
  /** Whether a body of unknown length was left out, so that there is no `Content-Length` to send. */
  readonly hasUnknownLength?: boolean;
  /** Whether the body is a stream that runs in its request, as `bindStream()` makes it in the last step before the response is sent. */
  readonly isBound?: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
}

/** A stream of Node, described by the members that identify it, so that the types do not need those of Node. */
export interface NodeStream extends AsyncIterable<unknown> {
  readonly readable: boolean;
  pipe(destination: never): unknown;
}

/** What a response can be made of: the standard bodies, and the streams of Node. */
export type ResponseBody = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]> | NodeStream;

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
  if (body instanceof ReadableStream) return { body, status, statusText, headers };
  const bytes = bytesOf(body);
  if (bytes !== undefined) return { body: unshared(bytes), status, statusText, headers };
  if (body instanceof Readable) return { body: fromNode(body), status, statusText, headers };
  // Blob, FormData and so on: the native response knows their bytes and type.
  const native = new globalThis.Response(body as BodyInit);
  const type = native.headers.get("content-type");
  if (type !== null && flatValue(headers, "content-type") === undefined) headers.push("content-type", type);
  return { body: body instanceof FormData ? formStream(native.body!) : native.body, status, statusText, headers };
}

/** Bytes in memory that other threads can change are copied, because the platform refuses them. */
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
}

/** Whether a stream is being read, or was read. */
export function isUsed(stream: ReadableStream): boolean {
  // According to its types, this function does not take streams of the web, but it does.
  return stream.locked || Readable.isDisturbed(stream as unknown as Readable);
}

// Private fields can only be read inside their class. These functions are given out of it for the rest of the framework, and are
// not members, because an application must not make a response of unchecked parts.

/** The parts of a response. Reading them does not make its native response. */
export let partsOf: (response: Response) => Parts;

/** Makes a response from checked parts. */
export let fromParts: (parts: Parts) => Response;

/**
 * The response to send. The first call returns the response itself; later calls return a copy of its first state, so that no
 * request sees changes of another. `undefined` for a stream, which can be sent only once.
 */
export let toSend: (response: Response) => Response | undefined;

/**
 * The response of a handler: a standard `Response`, without the cost of the native one. The native one is made only if a member that
 * needs it is read, such as the body. Status and headers are checked when the response is made.
 *
 * A response whose body is text, bytes or nothing may be returned any number of times, a response with a stream once.
 *
 * @throws TypeError for a status outside 200 to 599, a body with status 204, 205 or 304, or a header that cannot be sent.
 */
export class Response implements globalThis.Response {
  // Read from the native response.
  declare readonly body: globalThis.Response["body"];
  declare readonly bodyUsed: boolean;
  declare readonly ok: boolean;
  declare readonly redirected: boolean;
  declare readonly type: globalThis.Response["type"];
  declare readonly url: string;
  readonly #parts: Parts;
  /** The stream to send instead of that of the parts, after the response was read or cloned. */
  #stream: ReadableStream | undefined;
  #headers: ResponseHeaders | undefined;
  #native: globalThis.Response | undefined;
  /** The headers as they were when the response was first returned; `undefined`: it was not returned yet. */
  #returned: FlatHeaders | undefined;

  constructor(body?: ResponseBody | null, init?: ResponseInit);
  /** @internal */
  constructor(body: null, init: undefined, parts: Parts);
  constructor(body?: ResponseBody | null, init?: ResponseInit, parts = checkedParts(body, init ?? {})) {
    this.#parts = parts;
  }

  /** A response with `data` as JSON, like the standard `Response.json()`. */
  static json(data: unknown, init: ResponseInit = {}): Response {
    const body = JSON.stringify(data);
    if (body === undefined) throw new TypeError("The value cannot be written as JSON.");
    return fromParts(checkedParts(body, init, "application/json"));
  }

  /** The standard `Response.error()`. It cannot be sent. */
  static error(): globalThis.Response {
    return globalThis.Response.error();
  }

  /** The standard `Response.redirect()`, for absolute URLs. */
  static redirect(url: string | URL, status?: number): globalThis.Response {
    return globalThis.Response.redirect(url, status);
  }

  get status(): number {
    return this.#parts.status;
  }

  get statusText(): string {
    return this.#parts.statusText;
  }

  get headers(): Headers {
    return (this.#headers ??= new ResponseHeaders(this.#parts.headers));
  }

  /**
   * The native response, from which all other members are read.
   *
   * @internal
   */
  get [native](): globalThis.Response {
    return (this.#native ??= new globalThis.Response(this.#parts.body as BodyInit | null, {
      status: this.#parts.status,
      statusText: this.#parts.statusText,
      headers: this.headers,
    }));
  }

  /** The native response, to be read to its end. A response that was read can still be sent. */
  #toRead(): globalThis.Response {
    const response = this[native];
    if (!(this.#parts.body instanceof ReadableStream) || this.#parts.isBound === true || response.bodyUsed) return response;
    this.#stream = response.clone().body ?? undefined;
    return response;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return guarded(this.#toRead().arrayBuffer());
  }

  blob(): Promise<Blob> {
    return guarded(this.#toRead().blob());
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return guarded(this.#toRead().bytes());
  }

  formData(): Promise<FormData> {
    return guarded(this.#toRead().formData());
  }

  json(): Promise<unknown> {
    return guarded(this.#toRead().json());
  }

  text(): Promise<string> {
    return guarded(this.#toRead().text());
  }

  /**
   * A copy with the same body, and with the headers as they are now.
   *
   * @throws TypeError if the body was read, or is being read.
   */
  clone(): Response {
    const { body } = this.#parts;
    if (!(body instanceof ReadableStream)) {
      if (this.#native?.bodyUsed === true) throw new TypeError("Cannot clone a response whose body was read.");
      return fromParts(partsOf(this));
    }
    const copy = this[native].clone().body;
    this.#stream = this[native].body ?? undefined;
    return fromParts({ ...partsOf(this), body: copy });
  }

  static {
    delegateToNative<globalThis.Response>(this, globalThis.Response);
    partsOf = (response) => {
      const parts = response.#parts;
      const body = response.#stream ?? parts.body;
      if (response.#headers === undefined) return body === parts.body ? parts : { ...parts, body };
      return { ...parts, body, headers: response.#headers.flat };
    };
    fromParts = (parts) => new Response(null, undefined, parts);
    toSend = (response) => {
      const { body, status, statusText, headers } = partsOf(response);
      const returned = response.#returned;
      if (body instanceof ReadableStream && (returned !== undefined || isUsed(body))) return undefined;
      if (returned !== undefined) return fromParts({ body, status, statusText, headers: returned });
      response.#returned = headers;
      return response;
    };
  }
}

/** What the server writes: one `writeHead` and one body. */
interface Written {
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
  readonly body: ReusableBody | ReadableStream;
  /** Bytes of the body; 0 for a stream, whose length is not known. */
  readonly length: number;
}

/**
 * The headers of a response without those that frame it, which would contradict the framing by the server or the platform, without
 * `Keep-Alive`, which is about the connection, and without `Trailer`, because there are none. A length is kept for a stream, and for a
 * response without a body, such as one to HEAD; a response with status 204 has none (RFC 9110 §8.6).
 */
export function withoutFraming({ body, headers, status }: Parts): FlatHeaders {
  const isLengthKept = (body === null && status !== 204) || body instanceof ReadableStream;
  const kept: FlatHeaders = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const frames =
      name === "transfer-encoding" || name === "keep-alive" || name === "trailer" || (name === "content-length" && !isLengthKept);
    if (!frames) kept.push(name, headers[i + 1]!);
  }
  return kept;
}

/** What the server writes for a response. The response does not change. */
export function writtenOf(response: Response): Written {
  const parts = partsOf(response);
  const { status, body, headers, statusText: given, hasUnknownLength = false } = parts;
  const statusText = given === "" ? (STATUS_CODES[status] ?? "") : given;
  const written = withoutFraming(parts);
  const length = typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : 0;
  if (
    body === null
      ? !hasUnknownLength && status !== 204 && status !== 304 && flatValue(headers, "content-length") === undefined
      : !(body instanceof ReadableStream)
  ) {
    written.push("content-length", String(length));
  }
  return { status, statusText, headers: written, body, length };
}

/** A response with `data` as JSON. */
export function json(data: unknown, init?: ResponseInit): Response {
  return Response.json(data, init);
}

/** A response with plain text, in UTF-8. */
export function text(body: string, init?: ResponseInit): Response {
  return new Response(body, init);
}
