import type { Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { forReading, isSameFile } from "./file-state.ts";

/** Bytes that are read at once. */
const chunkSize = 128 * 1024;

/**
 * The bytes of a file from one position to another. The file is opened at the first read, so that a response that is never sent has
 * nothing to close. It is closed at the end, after an error, and when the stream is cancelled.
 *
 * The stream fails if the file was replaced since it was found, or if it ends early.
 */
export function fileStream(path: string, found: Stats, start: number, end: number): ReadableStream<Uint8Array> {
  let file: FileHandle | undefined;
  let at = start;
  let isCancelled = false;

  async function read(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    file ??= await open(path, forReading);
    if (at === start && !isSameFile(await file.stat(), found))
      throw new Error(`The file ${path} was replaced while it was about to be sent.`);
    if (isCancelled) return;
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkSize, end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
    if (isCancelled) return;
    if (bytesRead === 0) throw new Error(`The file ${path} became shorter while it was sent: it ends before byte ${end}.`);
    at += bytesRead;
    controller.enqueue(chunk.subarray(0, bytesRead));
    if (at === end) controller.close();
  }

  return new ReadableStream(
    {
      async pull(controller) {
        let isOver = true;
        try {
          await read(controller);
          isOver = isCancelled || at === end;
        } finally {
          if (isOver) await file?.close();
        }
      },
      async cancel() {
        isCancelled = true;
        await file?.close();
      },
    },
    { highWaterMark: 0 },
  );
}
