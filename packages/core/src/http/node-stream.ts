import type { Readable } from "node:stream";
import { atEnd, streamOf } from "./chunk-reader.ts";

/** A stream of Node as one of the web. Cancelling it closes what Node reads from. */
export function fromNode(source: Readable): ReadableStream {
  // Without a listener, an error before the first read would end the process. The first read gets it.
  source.on("error", () => undefined);
  const chunks = source[Symbol.asyncIterator]();
  return streamOf<unknown>({
    async read() {
      const { done, value } = (await chunks.next()) as IteratorResult<unknown>;
      return done === true ? atEnd : { done: false, value: typeof value === "string" ? Buffer.from(value) : value };
    },
    async cancel() {
      source.destroy();
    },
  });
}
