import type { Context } from "../context/context.ts";
import { storage } from "../context/running-request.ts";
import { atEnd, type ChunkReader } from "../http/chunk-reader.ts";
import { eventText, type ServerEvent } from "./event-text.ts";

/** Milliseconds that the source of the events has to end by itself when the server closes. */
const timeToEnd = 1000;

const encoder = new TextEncoder();

interface EventStreamSettings {
  readonly context: Context;
  /** Makes the source of the events. The signal is aborted when the stream ends. */
  readonly make: (signal: AbortSignal) => AsyncIterable<ServerEvent>;
  /** Aborted when the server begins to close; `undefined` if the caller does not report this. */
  readonly closing: AbortSignal | undefined;
  /** Milliseconds; 0: none. */
  readonly heartbeat: number;
  /** What is sent first. */
  readonly opening: string;
}

/**
 * The bytes of an event stream. The source is started when the first bytes are read, so that a response that is not sent, or whose
 * body is left out, has no source to end.
 */
export class EventStream implements ChunkReader<Uint8Array> {
  readonly #settings: EventStreamSettings;
  readonly #abort = new AbortController();
  readonly #onClosing = () => storage.run(this.#settings.context, () => this.#close());
  /** What is sent next: text that no read was waiting for. */
  #unsent: string;
  #hasBegun = false;
  #source: AsyncIterator<ServerEvent> | undefined;
  /** Whether the next event was requested from the source and has not arrived. It may take longer than a heartbeat. */
  #isRequested = false;
  #isOver = false;
  /** Resolves the promise for which the reader waits. */
  #resolveRead: ((result: ReadableStreamReadResult<Uint8Array>) => void) | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(settings: EventStreamSettings) {
    this.#settings = settings;
    this.#unsent = settings.opening;
  }

  read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const { closing, context, heartbeat } = this.#settings;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      if (closing?.aborted === true) this.#end(closing.reason);
      else closing?.addEventListener("abort", this.#onClosing);
    }
    if (this.#unsent !== "") {
      const value = encoder.encode(this.#unsent);
      this.#unsent = "";
      return Promise.resolve({ done: false, value });
    }
    if (this.#isOver) return Promise.resolve(atEnd);
    return new Promise((resolve) => {
      this.#resolveRead = resolve;
      if (heartbeat > 0) this.#heartbeat = setTimeout(() => this.#send(":\n\n"), heartbeat).unref();
      if (!this.#isRequested) storage.run(context, () => void this.#sendNext());
    });
  }

  /** The client has left, or the stream is not needed. */
  cancel(reason: unknown): Promise<void> {
    this.#end(reason);
    void this.#endSource();
    return Promise.resolve();
  }

  /** Gets the next event from the source, and sends it. */
  async #sendNext(): Promise<void> {
    let text: string;
    this.#isRequested = true;
    try {
      this.#source ??= this.#settings.make(this.#abort.signal)[Symbol.asyncIterator]();
      const { done, value } = await this.#source.next();
      this.#isRequested = false;
      if (this.#isOver) return;
      if (done === true) {
        this.#end();
        return;
      }
      try {
        text = eventText(value);
      } catch (error) {
        void this.#endSource();
        throw error;
      }
    } catch (error) {
      this.#report(error);
      this.#end();
      return;
    }
    this.#send(text);
  }

  #send(text: string): void {
    clearTimeout(this.#heartbeat);
    const resolve = this.#resolveRead;
    this.#resolveRead = undefined;
    if (resolve === undefined) this.#unsent += text;
    else resolve({ done: false, value: encoder.encode(text) });
  }

  /** The server closes. The source has a short time to end by itself, and to send a last event. */
  #close(): void {
    this.#abort.abort(this.#settings.closing!.reason);
    if (this.#isOver) return;
    this.#endTimer = setTimeout(() => this.#end(), timeToEnd).unref();
    void this.#endSource().then(() => this.#end());
  }

  /** Makes the source run its `finally`, after it has made the requested event. */
  async #endSource(): Promise<void> {
    try {
      await this.#source?.return?.();
    } catch (error) {
      this.#report(error);
    }
  }

  /** Ends the stream. The signal is aborted in every case, so that everything that depends on it ends too. */
  #end(reason: unknown = new DOMException("The event stream has ended.", "AbortError")): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#heartbeat);
    clearTimeout(this.#endTimer);
    this.#settings.closing?.removeEventListener("abort", this.#onClosing);
    this.#resolveRead?.(atEnd);
    storage.run(this.#settings.context, () => this.#abort.abort(reason));
  }

  /** Logs an error of the source, unless the error only says that it was aborted. */
  #report(error: unknown): void {
    const { aborted, reason } = this.#abort.signal;
    if (aborted && (error === reason || (error instanceof Error && error.name === "AbortError"))) return;
    this.#settings.context.logError(200, error);
  }
}
