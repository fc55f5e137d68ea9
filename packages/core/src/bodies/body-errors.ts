import { HTTPError } from "../http/errors.ts";

/** The client's body cannot be read, because it is over the limit or the client has ended it early. */
export class BodyError extends HTTPError {}

export const tooLarge = (limit: number) => new BodyError(413, `The body is over the limit of ${limit} bytes.`);
export const endedEarly = () => new BodyError(400, "The client ended the body early.");

/** The errors that answer requests whose signals were aborted, by the reason of the abort. */
const interruptions = new WeakMap<object, HTTPError>();

/** The reason with which a request's signal is aborted when its client disconnects. */
export function clientLeft(): DOMException {
  return interruption(400, "The client has disconnected.");
}

/** The reason with which the signals of requests in flight are aborted when their server closes. */
export function serverCloses(): DOMException {
  return interruption(503, "The server is closing.");
}

function interruption(status: number, message: string): DOMException {
  const reason = new DOMException(message, "AbortError");
  interruptions.set(reason, new HTTPError(status, message));
  return reason;
}

/** The most causes that are looked at. An error can be its own cause. */
const mostCauses = 10;

/**
 * The cause of an error that is not the fault of the application: the client's body could not be read, the client has disconnected,
 * or the server closes. Code that got the body or the signal, such as `fetch`, fails with its own error, which has this error as
 * its cause. `undefined` for every other error, which is a fault of the application. Never throws.
 */
export function outsideCauseOf(error: unknown): HTTPError | undefined {
  try {
    let cause = error;
    for (let i = 0; i <= mostCauses && typeof cause === "object" && cause !== null; i++) {
      if (cause instanceof BodyError) return cause;
      const answer = interruptions.get(cause);
      if (answer !== undefined) return answer;
      cause = (cause as { readonly cause?: unknown }).cause;
    }
  } catch {
    // A proxy or an accessor can throw when it is read.
  }
  return undefined;
}
