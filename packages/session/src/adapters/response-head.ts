import type { IncomingMessage, ServerResponse } from "node:http";

/** A header of a response as one text, as in `Headers`. */
export function readHeader(response: ServerResponse, name: string): string | null {
  return headerText(response.getHeader(name));
}

/** A header as one text, from the form in which Node keeps it. */
export function headerText(value: number | string | readonly string[] | undefined): string | null {
  return value === undefined ? null : typeof value === "object" ? value.join(", ") : String(value);
}

/** The status of a response, and its reason if it was set. HTTP/2 has none, and Node warns when it is read or set there. */
export type StatusLine = readonly [status: number, reason?: string];

export function readStatus(response: ServerResponse): StatusLine {
  const reason = hasReason(response) ? response.statusMessage : undefined;
  return reason === undefined ? [response.statusCode] : [response.statusCode, reason];
}

export function setStatus(response: ServerResponse, [status, reason]: StatusLine): void {
  response.statusCode = status;
  if (hasReason(response)) response.statusMessage = reason!;
}

function hasReason({ req }: { readonly req?: IncomingMessage }): boolean {
  return req?.httpVersionMajor !== 2;
}

/** Does what `writeHead(status, message, headers)` of Node does before it sends. @throws What Node throws for wrong arguments. */
export function applyHead(response: ServerResponse, [status, reason, given]: readonly unknown[]): void {
  checkStatus(status);
  response.statusCode = Number(status);
  if (typeof reason === "string") setStatus(response, [Number(status), reason]);
  const headers = typeof reason === "string" ? given : (given ?? reason);
  if (typeof headers !== "object" || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (name !== "") response.setHeader(name, value as string);
    return;
  }
  const pairs = pairsOf(headers);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** The pairs in `[name, value, name, value]` or `[[name, value], [name, value]]`. */
function pairsOf(headers: readonly unknown[]): readonly (readonly [string, string])[] {
  if (Array.isArray(headers[0])) return headers as readonly [string, string][];
  if (headers.length % 2 !== 0) throw nodeError(TypeError, "ERR_INVALID_ARG_VALUE", "The headers have a name without a value");
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1] as string]);
  return pairs;
}

/** @throws RangeError, TypeError for a status or a reason that cannot be sent, as Node does. */
export function checkStatusLine(response: ServerResponse): void {
  const [status, reason] = readStatus(response);
  checkStatus(status);
  if (reason !== undefined && /[^\t\x20-\x7e\x80-\xff]/.test(reason))
    throw nodeError(TypeError, "ERR_INVALID_CHAR", "Invalid character in statusMessage");
}

function checkStatus(status: unknown): void {
  const number = Math.trunc(Number(status));
  if (!(number >= 100 && number <= 999))
    throw nodeError(RangeError, "ERR_HTTP_INVALID_STATUS_CODE", `Invalid status code: ${String(status)}`);
}

/** @throws TypeError for a value that cannot be sent, as Node does. */
export function checkChunk(method: "end" | "write", chunk: unknown): void {
  if (typeof chunk === "string" || chunk instanceof Uint8Array) return;
  if (method === "end" && (chunk === undefined || chunk === null || typeof chunk === "function")) return;
  if (chunk === null) throw nodeError(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
  const got = typeof chunk === "object" ? "an object" : `of type ${typeof chunk}`;
  throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", `The chunk of a response must be a string, Buffer or Uint8Array, not ${got}`);
}

/** The error that Node throws when headers are changed after they were sent. */
export function headersSentError(doing: "set" | "write"): Error {
  return nodeError(Error, "ERR_HTTP_HEADERS_SENT", `Cannot ${doing} headers after they are sent to the client`);
}

function nodeError(type: ErrorConstructor, code: string, message: string): Error {
  return Object.assign(new type(message), { code });
}

export type Method = (...args: unknown[]) => unknown;

/** The methods that send something, at once or with the next call. */
export type Sending = "writeHead" | "flushHeaders" | "write" | "end";

/**
 * Replaces the methods that send. Returns a function that puts them back, except those that other code has replaced in the meantime.
 */
export function replaceSending(target: ServerResponse, send: (name: Sending, args: readonly unknown[]) => unknown): () => void {
  const response = target as unknown as Record<Sending, Method>;
  const before = pickSending(target);
  const writeHead: Method = (...args) => send("writeHead", args);
  const flushHeaders: Method = (...args) => send("flushHeaders", args);
  const write: Method = (...args) => send("write", args);
  const end: Method = (...args) => send("end", args);
  response.writeHead = writeHead;
  response.flushHeaders = flushHeaders;
  response.write = write;
  response.end = end;
  return () => {
    if (response.writeHead === writeHead) response.writeHead = before.writeHead;
    if (response.flushHeaders === flushHeaders) response.flushHeaders = before.flushHeaders;
    if (response.write === write) response.write = before.write;
    if (response.end === end) response.end = before.end;
  };
}

/** The methods that send, as they are now. */
export function pickSending(response: ServerResponse): Readonly<Record<Sending, Method>> {
  const { writeHead, flushHeaders, write, end } = response as unknown as Record<Sending, Method>;
  return { writeHead, flushHeaders, write, end };
}
