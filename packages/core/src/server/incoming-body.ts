import type { IncomingMessage, ServerResponse } from "node:http";
import { endedEarly, tooLarge } from "../bodies/body-errors.ts";
import { GuardedStream } from "../bodies/guarded-stream.ts";
import type { BodySink, BodySource } from "../http/served-request.ts";
import type { Incoming } from "./tracked-socket.ts";

/** Whether a request has a body. A body without bytes does not count. */
export function hasBody(req: Incoming): boolean {
  if (req.method === "GET" || req.method === "HEAD") return false;
  return req.stream === undefined ? announcesBody(req) : !req.stream.endAfterHeaders;
}

/** Whether a request over HTTP/1 says that bytes of a body follow, even if its method has none. RFC 9112 §6. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Passes on the body of a request as it arrives, up to a limit. Everything that reads a body uses this function, so that all agree
 * on what has arrived and what has failed.
 *
 * If a body was paused at least once and has not been read to its end when the response is sent, its reader fails: the rest is
 * discarded, so that the next request can be read.
 */
export function receiveBody(req: Incoming, res: ServerResponse, maxSize: number, sink: BodySink): BodySource {
  // Over HTTP/2 the stream knows when the response has been sent.
  const sent = req.stream ?? res;
  let size = 0;
  let isOver = false;
  let wasPaused = false;

  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxSize) fail(tooLarge(maxSize));
    else if (chunk.length > 0) sink.data(chunk);
  };
  const onEnd = () => {
    if (isOver) return;
    // Over HTTP/2, Node also ends the body when the client has reset the stream.
    if (req.stream?.aborted === true || (req.stream?.rstCode ?? 0) !== 0 || !req.complete) {
      fail(endedEarly());
      return;
    }
    isOver = true;
    if (wasPaused) sent.off("finish", onFinish);
    sink.end();
  };
  const onClose = () => {
    if (!isOver) fail(endedEarly());
  };
  // Over HTTP/2, a stream also finishes when its client resets it.
  const onFinish = () => fail(res.writableEnded ? sentBefore() : endedEarly());

  function leave(): void {
    isOver = true;
    req.off("data", onData);
    sent.off("finish", onFinish);
  }

  function fail(error: Error): void {
    leave();
    req.pause();
    sink.fail(error);
  }

  if (req.destroyed && !req.readableEnded) sink.fail(endedEarly());
  else if (req.readableEnded || sent.writableFinished) sink.fail(sentBefore());
  // The listeners stay when the body is over, because removing them takes longer than reading a small body.
  else req.on("data", onData).on("end", onEnd).on("error", onClose).on("close", onClose);
  return {
    pause() {
      req.pause();
      if (wasPaused || isOver) return;
      wasPaused = true;
      sent.once("finish", onFinish);
    },
    resume: () => void req.resume(),
    leave,
  };
}

const sentBefore = () => new TypeError("Cannot read more of the request's body: its response was sent.");

/**
 * The body of a request as a standard stream.
 *
 * @param run - Runs work in the request, because the stream calls code of the application.
 */
export function bodyStream(
  req: Incoming,
  res: ServerResponse,
  maxSize: number,
  run: (work: () => void) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let source!: BodySource;
  return new GuardedStream({
    type: "bytes",
    start(given) {
      const controller = given as ReadableByteStreamController;
      // Nothing is read before it is needed.
      req.pause();
      source = receiveBody(req, res, maxSize, {
        data: (chunk) =>
          run(() => {
            // A copy, because the stream takes the memory away from other chunks in the same buffer.
            controller.enqueue(new Uint8Array(chunk));
            if (controller.desiredSize! <= 0) source.pause();
          }),
        end: () =>
          run(() => {
            controller.close();
            controller.byobRequest?.respond(0);
          }),
        fail: (error) => run(() => controller.error(error)),
      });
      source.pause();
    },
    pull: () => source.resume(),
    cancel: () => source.leave(),
  });
}
