import { logError } from "../context/logger.ts";
import { storage } from "../context/running-request.ts";
import { guarded } from "../http/guarded.ts";
import { GuardedStream } from "../bodies/guarded-stream.ts";

/**
 * The native Request of a request that came over a socket. It can fail at any time, because its client can disconnect. So a promise
 * that a handler has got from it and does not await yet must not end the process.
 */
export class NativeRequest extends globalThis.Request {
  constructor(input: string, init: RequestInit) {
    super(input, init);
    guardListeners(super.signal);
  }

  // Cloning a native Request makes two new streams, one for the clone and one for the original.
  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return GuardedStream.of(super.body);
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return guarded(super.arrayBuffer());
  }

  override blob(): ReturnType<globalThis.Request["blob"]> {
    return guarded(super.blob());
  }

  override formData(): ReturnType<globalThis.Request["formData"]> {
    return guarded(super.formData());
  }

  override json(): Promise<unknown> {
    return guarded(super.json());
  }

  override text(): Promise<string> {
    return guarded(super.text());
  }

  override clone(): globalThis.Request {
    const copy = Object.setPrototypeOf(super.clone(), NativeRequest.prototype) as NativeRequest;
    guardListeners(copy.signal);
    return copy;
  }

  // Node 20 does not have bytes().
  static {
    const read = Reflect.get(globalThis.Request.prototype, "bytes") as ((this: globalThis.Request) => Promise<Uint8Array>) | undefined;
    if (read !== undefined) {
      const value = function (this: NativeRequest) {
        return guarded(read.call(this));
      };
      Object.defineProperty(this.prototype, "bytes", { value, configurable: true, writable: true });
    }
  }
}

type Listener = EventListenerOrEventListenerObject | null;

/**
 * Logs the errors of a signal's listeners. Otherwise, an error that a listener throws, or a rejected promise that it returns, would
 * end the process, and a client could cause this by disconnecting.
 */
export function guardListeners(signal: AbortSignal): void {
  const guards = new WeakMap<object, (event: Event) => void>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);

  function guardOf(listener: Listener): Listener {
    if (listener === null || listener === undefined) return listener;
    let guard = guards.get(listener);
    if (guard === undefined) {
      guard = (event) => void call(listener, signal, event);
      guards.set(listener, guard);
    }
    return guard;
  }

  const replace = (
    name: keyof AbortSignal,
    value: (type: string, listener: Listener, options?: boolean | AddEventListenerOptions) => void,
  ) => Object.defineProperty(signal, name, { value, configurable: true, writable: true });
  replace("addEventListener", (type, listener, options) => add(type, guardOf(listener)!, options));
  replace("removeEventListener", (type, listener, options) => remove(type, guardOf(listener)!, options));
}

async function call(listener: EventListenerOrEventListenerObject, signal: AbortSignal, event: Event): Promise<void> {
  try {
    const result: unknown = typeof listener === "function" ? listener.call(signal, event) : listener.handleEvent(event);
    await result;
  } catch (error) {
    const context = storage.getStore();
    if (context === undefined) throw error;
    const { method, path } = context.request;
    logError(context.app.logger, `${method} ${path}: a listener of the request's signal failed`, error);
  }
}
