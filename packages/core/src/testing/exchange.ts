import { AsyncLocalStorage } from "node:async_hooks";
import type { App } from "../app/app.ts";
import { clientLeft, endedEarly, tooLarge } from "../bodies/body-errors.ts";
import { adopt } from "../http/adopted-response.ts";
import { followSignal } from "../http/follow-signal.ts";
import { fromParts, partsOf, Response } from "../http/response.ts";
import { limitBody, noteError } from "../http/served-request.ts";

/** The part of an application that a client calls. */
export type TestableApp = Pick<App, "fetch"> & Partial<Pick<App, "answer" | "maxBodySize">>;

/** The limit of a body, in bytes. The rule that matches may change it. */
interface Limit {
  maxSize: number;
}

/** The errors that were logged about the request of a response. */
const logged = new WeakMap<globalThis.Response, readonly string[]>();

/** The errors that were logged about the request that a client got this response to. */
export function loggedFor(response: globalThis.Response): readonly string[] {
  return logged.get(response) ?? [];
}

/** A request whose signal is aborted inside the request that first read it, as in the server. */
class SentRequest extends Request {
  /** The errors that were logged about it. */
  readonly logged: string[] = [];
  readonly #limit: Limit;
  #run: ((work: () => void) => void) | undefined;

  constructor(original: Request, init: RequestInit, limit: Limit) {
    super(original, init);
    this.#limit = limit;
  }

  [limitBody](maxSize: number): void {
    this.#limit.maxSize = maxSize;
  }

  [noteError](text: string): void {
    this.logged.push(text);
  }

  override get signal(): AbortSignal {
    this.#run ??= AsyncLocalStorage.snapshot();
    return super.signal;
  }

  /** Runs work in the request, if it has read its signal. */
  run(work: () => void): void {
    if (this.#run === undefined) work();
    else this.#run(work);
  }
}

/**
 * Lets an application answer a request as over a socket: the body has a limit, and the client disconnects when it cancels the body
 * of the response or when its signal is aborted.
 */
export function exchange(app: TestableApp, original: Request, signal: AbortSignal | undefined): Promise<Response> {
  const gone = new AbortController();
  const limit: Limit = { maxSize: app.maxBodySize ?? Infinity };
  const body = original.body === null ? undefined : limited(original.body, limit, gone.signal);
  const request = new SentRequest(
    original,
    { signal: followSignal(gone.signal), ...(body !== undefined && { body, duplex: "half" }) },
    limit,
  );
  const disconnect = () => request.run(() => gone.abort(clientLeft()));
  return new Promise((resolve, reject) => {
    let received: ReadableStreamDefaultController<Uint8Array> | undefined;
    const onAbort = () => {
      disconnect();
      reject(signal!.reason as Error);
      received?.error(signal!.reason);
    };
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    const end = () => signal?.removeEventListener("abort", onAbort);
    Promise.resolve(app.answer === undefined ? app.fetch(request) : app.answer(request)).then((given) => {
      // Instead of an `App`, a function with standard responses may be tested.
      const response = given instanceof Response ? given : adopt(given);
      const parts = partsOf(response);
      if (!(parts.body instanceof ReadableStream)) {
        end();
        logged.set(response, request.logged);
        resolve(response);
        return;
      }
      const reader = (parts.body as ReadableStream<Uint8Array>).getReader();
      const cancel = () => void reader.cancel(gone.signal.reason).catch(() => undefined);
      if (gone.signal.aborted) cancel();
      else gone.signal.addEventListener("abort", cancel);
      const stream = new ReadableStream<Uint8Array>(
        {
          start: (controller) => void (received = controller),
          async pull(controller) {
            let isOver = true;
            try {
              const { done, value } = await reader.read();
              isOver = done;
              if (gone.signal.aborted) return;
              if (done) controller.close();
              else controller.enqueue(value);
            } finally {
              if (isOver) end();
            }
          },
          cancel() {
            disconnect();
            end();
          },
        },
        { highWaterMark: 0 },
      );
      const sent = fromParts({ ...parts, body: stream });
      logged.set(sent, request.logged);
      resolve(sent);
    }, reject);
  });
}

/** The body of a request as in the server: it fails when it is over the limit, and when the client leaves. */
function limited(body: ReadableStream<Uint8Array>, limit: Limit, gone: AbortSignal): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let size = 0;
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      gone.addEventListener("abort", () => {
        controller.error(endedEarly());
        void reader.cancel(gone.reason).catch(() => undefined);
      });
    },
    async pull(controller) {
      const next = await reader.read().catch(() => undefined);
      if (gone.aborted) return;
      if (next === undefined) controller.error(endedEarly());
      else if (next.done) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else {
        size += next.value.byteLength;
        if (size > limit.maxSize) {
          controller.error(tooLarge(limit.maxSize));
          void reader.cancel().catch(() => undefined);
        } else if (next.value.byteLength > 0) controller.enqueue(new Uint8Array(next.value));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
