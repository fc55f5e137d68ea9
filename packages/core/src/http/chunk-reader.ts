/** Gives the chunks of a stream, each when it is asked for: the reader of a stream, or what makes the chunks. */
export interface ChunkReader<Chunk = unknown> {
  /** The next chunk. It is called again when its promise has settled. */
  read(): Promise<ReadableStreamReadResult<Chunk>>;
  cancel(reason: unknown): Promise<void>;
}

/** What a reader gives at the end. */
export const atEnd: ReadableStreamReadResult<never> = { done: true, value: undefined };

const ownReader = Symbol("reader");

interface SourcedStream extends ReadableStream {
  [ownReader]?: ChunkReader;
}

/** A stream of the chunks that a reader gives. Through {@link readerOf}, they are read without the stream, which takes less time. */
export function streamOf<Chunk>(reader: ChunkReader<Chunk>): ReadableStream<Chunk> {
  let isCancelled = false;
  const stream: SourcedStream = new ReadableStream<Chunk>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (isCancelled) return;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel(reason) {
        isCancelled = true;
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  stream[ownReader] = reader;
  return stream;
}

/** Locks a stream, and gives what reads it. */
export function readerOf(stream: ReadableStream): ChunkReader {
  const reader = stream.getReader();
  return (stream as SourcedStream)[ownReader] ?? reader;
}
