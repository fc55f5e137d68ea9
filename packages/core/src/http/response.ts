import { STATUS_CODES } from "node:http";
import { FastResponse } from "srvx";
import { checkHeader, fieldValue, flatten, flatValue, ResponseHeaders, type FlatHeaders } from "./headers.ts";

type ReusableBody = string | Uint8Array | null;

/** What a response consists of. */
export interface Parts {
  readonly body: ReusableBody | ReadableStream;
  /** Whether there is a body that is left out, and how long it is nobody knows. */
  readonly isUnmeasured?: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
}

/** Says to the constructor that its argument are {@link Parts} which were checked before. */
const checked = Symbol("checked");

/** @param textType - The content type of text that says none itself. */
function checkedParts(body: BodyInit | null | undefined, init: ResponseInit, textType = "text/plain;charset=UTF-8"): Parts {
  const { status = 200, statusText = "" } = init;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`A response can not have the status ${String(status)}: it must be a whole number from 200 to 599.`);
  }
  if (!fieldValue.test(statusText)) throw new TypeError("The status text of a response has a character that it can not have.");
  const headers = init.headers === undefined ? [] : flatten(init.headers);
  for (let i = 0; i < headers.length; i += 2) checkHeader(headers[i]!, headers[i + 1]!);
  if (body === null || body === undefined) return { body: null, status, statusText, headers };
  if (status === 204 || status === 205 || status === 304) {
    throw new TypeError(`A response with status ${status} can not have a body.`);
  }
  if (typeof body === "string") {
    if (headers.length === 0) return { body, status, statusText, headers: ["content-type", textType] };
    if (flatValue(headers, "content-type") === undefined) headers.push("content-type", textType);
    return { body, status, statusText, headers };
  }
  if (body instanceof Uint8Array || body instanceof ReadableStream) return { body, status, statusText, headers };
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body), status, statusText, headers };
  if (ArrayBuffer.isView(body)) return { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), status, statusText, headers };
  // Blob, FormData and the like: the native response knows their bytes and type.
  const native = new globalThis.Response(body);
  const type = native.headers.get("content-type");
  if (type !== null && flatValue(headers, "content-type") === undefined) headers.push("content-type", type);
  return { body: native.body, status, statusText, headers };
}

/** What srvx writes: one `writeHead` and one body. */
interface NodeParts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: FlatHeaders;
  readonly body: ReusableBody | ReadableStream;
  /** Bytes of the body; 0 for a stream, whose length is not known. */
  readonly length: number;
}

/** Gives the parts of a response without making its native one. */
export let partsOf: (response: Response) => Parts;

/** A response of parts that were checked when their own response was made. */
export let fromParts: (parts: Parts) => Response;

/**
 * The response to answer the running request with: itself the first time, later a copy of what it was then, so
 * that no request sees what another changed. `undefined`: it has a stream, and that is gone.
 */
export let claim: (response: Response) => Response | undefined;

/**
 * What a handler answers with: the standard `Response` without the cost of the native one, which is made only
 * when its body is read here. Status, header names and header values are checked at once.
 *
 * One whose body is text, bytes or nothing may be returned any number of times; one with a stream once.
 *
 * @throws TypeError for a status outside 200 to 599, a body with status 204, 205 or 304, or a header that can not be sent.
 */
export class Response extends FastResponse {
  readonly #parts: Parts;
  #headers: ResponseHeaders | undefined;
  #native: globalThis.Response | undefined;
  #returned: FlatHeaders | undefined;

  constructor(body?: BodyInit | null, init?: ResponseInit, trusted?: typeof checked) {
    super();
    this.#parts = trusted === checked ? (init as unknown as Parts) : checkedParts(body, init ?? {});
  }

  /** Like the standard one: `data` as JSON. */
  static override json(data: unknown, init: ResponseInit = {}): Response {
    const body = JSON.stringify(data);
    if (body === undefined) throw new TypeError("The value can not be written as JSON.");
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

  /** The native response, which srvx's base class asks for everything else; made at the first such question. */
  get _response(): globalThis.Response {
    return (this.#native ??= new globalThis.Response(this.#parts.body as BodyInit | null, {
      status: this.#parts.status,
      statusText: this.#parts.statusText,
      headers: this.headers,
    }));
  }

  /** What srvx's Node adapter writes. Unlike the base class's, it leaves the response as it is. */
  _toNodeResponse(): NodeParts {
    const { status, body, headers, statusText: given, isUnmeasured = false } = partsOf(this);
    const statusText = given === "" ? (STATUS_CODES[status] ?? "") : given;
    const written: FlatHeaders = [];
    const isStream = body instanceof ReadableStream;
    for (let i = 0; i < headers.length; i += 2) {
      // A length that is not the body's, or another framing beside it, would break that of the connection; there are no trailers.
      const name = headers[i]!;
      const frames = name === "transfer-encoding" || name === "trailer" || (name === "content-length" && body !== null && !isStream);
      if (!frames) written.push(headers[i]!, headers[i + 1]!);
    }
    const length = typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : 0;
    if (
      body === null ? !isUnmeasured && status !== 204 && status !== 304 && flatValue(headers, "content-length") === undefined : !isStream
    ) {
      written.push("content-length", String(length));
    }
    return { status, statusText, headers: written, body, length };
  }

  static {
    partsOf = (response) => {
      const parts = response.#parts;
      if (response.#headers === undefined) return parts;
      return { ...parts, headers: response.#headers.flat };
    };
    fromParts = (parts) => new Response(null, parts as unknown as ResponseInit, checked);
    claim = (response) => {
      const { body, status, statusText } = response.#parts;
      if (response.#returned === undefined) {
        response.#returned = partsOf(response).headers;
        return response;
      }
      if (body instanceof ReadableStream) return undefined;
      return fromParts({ body, status, statusText, headers: response.#returned });
    };
  }
}

/** What is said of one connection, not of the response that comes over it. RFC 9110 §7.6.1, RFC 9113 §8.2.2. */
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

/** Our response for one made elsewhere, such as by `fetch`, whose headers may be immutable. Takes its body over. */
export function adopt(response: globalThis.Response): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  for (const name of connectionSpecific) headers.delete(name);
  // What has come by fetch is decoded: its coding and its length are another's.
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

/** A response with plain text in UTF-8. */
export function text(body: string, init?: ResponseInit): Response {
  return new Response(body, init);
}
