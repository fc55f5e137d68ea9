import { outsideCauseOf } from "../bodies/body-errors.ts";
import { bytesOf } from "../http/bytes-of.ts";
import { atEnd, readerOf, streamOf } from "../http/chunk-reader.ts";
import { type FlatHeaders, flatValue, withLength } from "../http/headers.ts";
import { isUsed, partsOf, type Parts, type Response } from "../http/response.ts";
import type { Context } from "./context.ts";
import { storage } from "./running-request.ts";

/** Notes that a response is not sent. Its stream is cancelled at the end, because the response that replaces it may be made of it. */
export function discard(context: Context, response: Response): void {
  const { body } = partsOf(response);
  if (body instanceof ReadableStream) (context.discarded ??= new Set()).add(body);
}

/**
 * A response whose stream runs in the context of the request it answers. `storage.run()` is called for each step, because a context
 * that is entered permanently would leak into the next request on the connection.
 *
 * The stream fails if its source does, with a chunk that is neither text nor bytes, and if its length is not the response's
 * `Content-Length`. The server then ends the connection. The failure is logged here, once, unless it comes from the client or
 * from the closing of the server.
 *
 * @param onEnd - Called when the stream has ended, failed or was cancelled.
 * @throws TypeError for a stream that is being read or was read, and for a `Content-Length` that is not one.
 */
export function bindStream(context: Context, parts: Parts, stream: ReadableStream, onEnd: (() => void) | undefined): Parts {
  if (isUsed(stream)) {
    throw new TypeError("Cannot send a response whose stream was read before, or is being read. Send a copy: response.clone().");
  }
  const failed = (error: unknown) => {
    if (outsideCauseOf(error) === undefined) context.logError(parts.status, error);
  };
  const length = statedLength(parts.headers);
  const reader = storage.run(context, () => readerOf(stream));
  let size = 0;
  /** Whether the stream has ended, failed or was cancelled. */
  let isOver = false;
  function end(): void {
    isOver = true;
    onEnd?.();
  }

  async function read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    let isSourceOver = true;
    try {
      const { done, value } = await reader.read();
      // A read that is pending when the client disconnects ends too. Its result is not needed.
      if (isOver) return atEnd;
      isSourceOver = done;
      const chunk = done ? undefined : bytesIn(value);
      size += chunk?.byteLength ?? 0;
      if (length !== undefined && (done ? size !== length : size > length)) {
        const what = done ? `${size}` : `more than ${length}`;
        throw new TypeError(`Cannot send a stream of ${what} bytes in a response with the Content-Length ${length}.`);
      }
      if (chunk !== undefined) return { done: false, value: chunk };
      end();
    } catch (error) {
      if (!isOver) {
        failed(error);
        end();
        if (!isSourceOver) void reader.cancel(error).catch(failed);
        throw error;
      }
    }
    return atEnd;
  }

  const body = streamOf({
    read: () => storage.run(context, read),
    async cancel(reason) {
      if (isOver) return;
      end();
      await storage.run(context, () => reader.cancel(reason)).catch(failed);
    },
  });
  // The new key comes first: after a spread, V8 of Node 20 makes a hidden class for each object.
  return { isBound: true, ...parts, body };
}

/** @throws TypeError for a chunk that cannot be sent. */
function bytesIn(chunk: unknown): Uint8Array {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : bytesOf(chunk);
  if (bytes !== undefined) return bytes;
  const what = chunk === null ? "null" : typeof chunk;
  throw new TypeError(`Cannot send a chunk of a stream that is ${what}: the chunks of a response must be strings or bytes.`);
}

/**
 * The response to HEAD: the body is left out, and `Content-Length` says how long it would be. A stream's length is not known.
 *
 * @param failed - Gets what the source of a stream throws when it is cancelled.
 */
export function withoutBody(parts: Parts, failed: (error: unknown) => void): Parts {
  const { body, headers } = parts;
  if (body === null) return parts;
  if (body instanceof ReadableStream) {
    void body.cancel().catch(failed);
    return { hasUnknownLength: true, ...parts, body: null };
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  return { ...parts, body: null, headers: withLength(headers, length) };
}

/**
 * Refuses a response that promises a body and has none, because its client would wait for it.
 *
 * @throws TypeError
 */
export function checkEmptyBody({ status, headers }: Parts, isHead: boolean): void {
  const length = statedLength(headers);
  if (length !== undefined && length !== 0 && status !== 304 && !isHead) {
    throw new TypeError(`Cannot send a response without a body and with the Content-Length ${length}.`);
  }
}

/**
 * The `Content-Length` of a response, in bytes; `undefined` if it has none.
 *
 * @throws TypeError for anything but a whole number: its client could not tell where the response ends.
 */
function statedLength(headers: FlatHeaders): number | undefined {
  const stated = flatValue(headers, "content-length");
  if (stated === undefined) return undefined;
  if (!/^\d{1,15}$/.test(stated)) throw new TypeError(`Cannot send a response with the Content-Length ${JSON.stringify(stated)}.`);
  return Number(stated);
}

/**
 * Cancels the stream of a response that is not sent, so that what it reads from, such as a file, is closed. A stream that is being
 * read, because it has become a part of another response, is left alone.
 *
 * @param failed - Gets what the source of the stream throws.
 */
export function discardStream(stream: ReadableStream, failed: (error: unknown) => void): void {
  if (!isUsed(stream)) void stream.cancel().catch(failed);
}
