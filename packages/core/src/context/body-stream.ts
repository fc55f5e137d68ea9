import { storage, type RunningContext } from "./local.ts";

/**
 * A stream whose source runs in the context of the request it answers. `run` is used for each step: a context
 * entered for good would leak into the next request on the connection.
 *
 * @param failed - Told what the source threw; the connection is ended by whoever reads.
 */
export function bindStream(context: RunningContext, stream: ReadableStream, failed: (error: unknown) => void): ReadableStream {
  const reader = storage.run(context, () => stream.getReader());
  let cancelled = false;
  return new ReadableStream(
    {
      pull: (controller) =>
        storage.run(context, async () => {
          try {
            const { done, value } = await reader.read();
            // A read that waits when the client goes away ends as well, and there is nobody left to tell.
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
