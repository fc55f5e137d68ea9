import type { ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { clientLeft } from "../bodies/body-errors.ts";
import { type ChunkReader, readerOf } from "../http/chunk-reader.ts";

/** Milliseconds for which chunks may be sent without waiting, before other work of the process gets its turn. */
const longestTurn = 10;

/**
 * Sends a stream as the body of a response, no faster than its client reads. A stream that fails ends the connection, or over
 * HTTP/2 the response's stream, so that the client does not mistake a part for the whole. A client that leaves cancels the stream.
 *
 * @param sourceFailed - Called with the error of the stream.
 * @param sendingFailed - Called with the error that Node throws for a chunk.
 */
export async function sendStream(
  res: ServerResponse,
  body: ReadableStream,
  sourceFailed: (reason: unknown) => void,
  sendingFailed: (error: unknown) => void,
): Promise<void> {
  const reader = readerOf(body) as ChunkReader<Uint8Array>;
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
    // A stream that never waits, with a client that reads as fast, would keep other requests from running, and the server from
    // noticing that the client leaves.
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
  // What was written in this turn of the event loop is sent before the end. Node 26 keeps it in the response, whose `uncork()` uncorks
  // the socket too, and earlier versions keep it in the socket.
  (res.writableCorked > 0 ? res : res.socket)?.uncork();
  res.destroy();
}
