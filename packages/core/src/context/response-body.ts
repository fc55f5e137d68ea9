import { withLength } from "../http/headers.ts";
import type { Parts } from "../http/response.ts";
import type { Context } from "./context.ts";
import { storage } from "./running-request.ts";

/**
 * A stream whose source runs in the context of the request it answers. `storage.run()` is used for each step: a context that is
 * entered for good would leak into the next request on the connection.
 *
 * @param failed - Gets what the source threw. The reader of the stream ends the connection.
 */
export function bindStream(context: Context, stream: ReadableStream, failed: (error: unknown) => void): ReadableStream {
  const reader = storage.run(context, () => stream.getReader());
  let cancelled = false;
  return new ReadableStream(
    {
      pull: (controller) =>
        storage.run(context, async () => {
          try {
            const { done, value } = await reader.read();
            // A read that is pending when the client disconnects ends too. Its result is not needed.
            if (cancelled) return;
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            failed(error);
            controller.error(error);
          }
        }),
      cancel: (reason) => {
        cancelled = true;
        return storage.run(context, () => reader.cancel(reason));
      },
    },
    { highWaterMark: 0 },
  );
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
    return { ...parts, body: null, hasUnknownLength: true };
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  return { ...parts, body: null, headers: withLength(headers, length) };
}
