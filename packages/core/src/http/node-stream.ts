import type { Readable } from "node:stream";

/** A stream of Node as one of the web. Cancelling it closes what Node reads from. */
export function fromNode(source: Readable): ReadableStream {
  // Without a listener, an error before the first read would end the process. The first read gets it.
  source.on("error", () => undefined);
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = (await chunks.next()) as IteratorResult<unknown>;
        if (done === true) controller.close();
        else controller.enqueue(typeof value === "string" ? Buffer.from(value) : value);
      },
      cancel: () => void source.destroy(),
    },
    { highWaterMark: 0 },
  );
}
