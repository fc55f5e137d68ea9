import { HTTPError } from "../http/errors.ts";
import type { BodySink, BodySource } from "../http/served-request.ts";
import { endedEarly, tooLarge } from "./body-errors.ts";
import { guarded } from "./guarded.ts";

/** A standard stream as the source of a body. */
export class StreamSource implements BodySource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxSize: number;
  readonly #sink: BodySink;
  /** Whether the server made the stream. Then its errors say why the body failed. */
  readonly #isServed: boolean;
  #size = 0;
  #isPaused = false;
  #isReading = false;
  #isOver = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, maxSize: number, sink: BodySink, isServed: boolean) {
    this.#reader = reader;
    this.#maxSize = maxSize;
    this.#sink = sink;
    this.#isServed = isServed;
    this.resume();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isReading) void this.#readOn();
  }

  leave(): void {
    this.#isOver = true;
    // This has no effect on a body that was read to its end, or has failed.
    void this.#reader.cancel().catch(() => undefined);
  }

  async #readOn(): Promise<void> {
    this.#isReading = true;
    while (!this.#isPaused && !this.#isOver) {
      let next: ReadableStreamReadResult<Uint8Array>;
      try {
        next = await this.#reader.read();
      } catch (error) {
        this.#fail(error instanceof HTTPError || (this.#isServed && error instanceof Error) ? error : endedEarly());
        return;
      }
      if (this.#isOver) return;
      if (next.done) {
        this.#isOver = true;
        this.#sink.end();
        return;
      }
      const { value } = next;
      this.#size += value.byteLength;
      if (this.#size > this.#maxSize) {
        this.#fail(tooLarge(this.#maxSize));
        return;
      }
      this.#sink.data(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }
    this.#isReading = false;
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.leave();
    this.#sink.fail(error);
  }
}

/** A body while it arrives, no faster than it is read. */
export class ArrivingBody implements BodySink, AsyncIterator<Uint8Array, void> {
  readonly #source: BodySource | undefined;
  readonly #chunks: Buffer[] = [];
  /** How the body has ended; `undefined`: it has not ended yet. */
  #end: { readonly error: Error | undefined } | undefined;
  #waiting: { readonly resolve: (result: IteratorResult<Uint8Array, void>) => void; readonly reject: (error: Error) => void } | undefined;

  /** @param receive - Gives the body to a sink. */
  constructor(receive: (sink: BodySink) => BodySource | undefined) {
    this.#source = receive(this);
    if (this.#end === undefined) this.#source?.pause();
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    const value = this.#chunks.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#end?.error !== undefined) return guarded(Promise.reject(this.#end.error));
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined });
    this.#source!.resume();
    return guarded(new Promise((resolve, reject) => (this.#waiting = { resolve, reject })));
  }

  return(): Promise<IteratorResult<Uint8Array, void>> {
    this.#chunks.length = 0;
    this.#end ??= { error: undefined };
    this.#source?.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  data(chunk: Buffer): void {
    this.#source!.pause();
    if (this.#waiting === undefined) this.#chunks.push(chunk);
    else this.#waiting.resolve({ done: false, value: chunk });
    this.#waiting = undefined;
  }

  end(): void {
    this.#end = { error: undefined };
    this.#waiting?.resolve({ done: true, value: undefined });
  }

  fail(error: Error): void {
    this.#end = { error };
    this.#waiting?.reject(error);
  }
}
