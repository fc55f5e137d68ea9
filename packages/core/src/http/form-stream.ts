import { streamOf } from "./chunk-reader.ts";

/**
 * Wraps the stream that Node has made of a form, so that it may be cancelled. From Node 24 on, cancelling Node's stream before its end
 * rejects a promise that no code can handle, which ends the process. So the rest of Node's stream is left to the garbage collector.
 */
export function formStream(made: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = made.getReader();
  return streamOf({ read: () => reader.read(), cancel: () => Promise.resolve() });
}
