import type { ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { clientLeft } from "../bodies/body-errors.ts";

/** Milliseconds that chunks which are all there at once may be sent before other work of the process gets its turn. */
const longestTurn = 10;

/**
 * Sends a stream as the body of a response, no faster than its client reads. A stream that fails ends the connection, over HTTP/2
 * the response's stream, so that the client does not take what it has for the whole. A client that leaves cancels the stream.
 *
 * @param sourceFailed - Gets what the stream failed with.
 * @param sendingFailed - Gets what Node throws when it is given a chunk.
 */
export async function sendStream(
  res: ServerResponse,
  body: ReadableStream<Uint8Array>,
  sourceFailed: (reason: unknown) => void,
  sendingFailed: (error: unknown) => void,
): Promise<void> {
  const reader = body.getReader();
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(sourceFailed);
  let hasLeft = false;
  let readOn: (() => void) | undefined;
  const onClose = () => {
    hasLeft = true;
    cancel(clientLeft());
    readOn?.();
  };
  res.once("close", onClose).on("drain", () => readOn?.());
  let began = performance.now();
  while (!hasLeft) {
    // A stream that never waits, with a client that reads as fast, would let no other request run, nor its client's leaving be noticed.
    if (performance.now() - began > longestTurn) {
      await nextTurn();
      began = performance.now();
      if (hasLeft) return;
    }
    let chunk: ReadableStreamReadResult<Uint8Array>;
    try {
      chunk = await reader.read();
    } catch (reason) {
      if (hasLeft) return;
      sourceFailed(reason);
      breakOff(res);
      return;
    }
    if (hasLeft) return;
    try {
      if (chunk.done) {
        res.off("close", onClose).end();
        return;
      }
      if (!res.write(chunk.value)) await new Promise<void>((resolve) => (readOn = resolve));
    } catch (error) {
      res.off("close", onClose);
      cancel(error);
      sendingFailed(error);
      return;
    }
  }
}

/** Ends a response in the middle, so that its client can tell. */
export function breakOff(res: ServerResponse): void {
  const { stream } = res as { readonly stream?: ServerHttp2Stream };
  if (stream !== undefined) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  // What was written in this turn of the event loop leaves before the end.
  res.socket?.uncork();
  res.destroy();
}
