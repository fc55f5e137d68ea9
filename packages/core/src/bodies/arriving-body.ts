import type { BodySink, BodySource } from "../http/served-request.ts";
import { guarded } from "../http/guarded.ts";

/** A body while it arrives. It arrives no faster than it is read. */
export class ArrivingBody implements BodySink, AsyncIterator<Uint8Array, void> {
  readonly #source: BodySource | undefined;
  readonly #chunks: Uint8Array[] = [];
  /** How the body has ended; `undefined`: it has not ended yet. */
  #end: { readonly error: Error | undefined } | undefined;
  #waiting: { readonly resolve: (result: IteratorResult<Uint8Array, void>) => void; readonly reject: (error: Error) => void } | undefined;

  /** @param receive - Sends the body to a sink. */
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

  /** @internal */
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
