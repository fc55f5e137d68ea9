import { HTTPError } from "../http/errors.ts";
import type { BodySink, BodySource } from "../http/served-request.ts";
import { endedEarly, tooLarge } from "./body-errors.ts";

/** A standard stream as the source of a body. */
export class StreamSource implements BodySource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxSize: number;
  readonly #sink: BodySink;
  /** Whether the server made the stream. If so, its errors say why the body failed. */
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
