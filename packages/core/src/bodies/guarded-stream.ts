import { guarded, guardMethods } from "../http/guarded.ts";

/** A stream of a body. Reading it may fail at any time, so its promises do not end the process if no code awaits them yet. */
export class GuardedStream extends ReadableStream<Uint8Array<ArrayBuffer>> {
  /** Makes a stream one of this class. */
  static of<Stream extends ReadableStream<Uint8Array<ArrayBuffer>> | null>(stream: Stream): Stream {
    return stream === null || stream instanceof GuardedStream ? stream : (Object.setPrototypeOf(stream, GuardedStream.prototype) as Stream);
  }

  override cancel(reason?: unknown): Promise<void> {
    return guarded(super.cancel(reason));
  }

  override pipeTo(destination: WritableStream<Uint8Array<ArrayBuffer>>, options?: StreamPipeOptions): Promise<void> {
    return guarded(super.pipeTo(destination, options));
  }

  override tee(): [GuardedStream, GuardedStream] {
    const [one, other] = super.tee();
    return [GuardedStream.of(one), GuardedStream.of(other)];
  }

  // These do not use `override`, because the type of a reader depends on the arguments.
  static {
    const define = (name: PropertyKey, promising: readonly string[]) => {
      const method = Reflect.get(ReadableStream.prototype, name) as (this: ReadableStream, ...options: unknown[]) => object;
      const value = function (this: ReadableStream, ...options: unknown[]) {
        return guardMethods(method.apply(this, options), promising);
      };
      Object.defineProperty(this.prototype, name, { value, configurable: true, writable: true });
    };
    define("getReader", ["read", "cancel"]);
    define("values", ["next", "return"]);
    define(Symbol.asyncIterator, ["next", "return"]);
  }
}
