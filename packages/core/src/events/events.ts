import type { Context } from "../context/context.ts";
import { servedOf } from "../context/request.ts";
import { running } from "../context/running-request.ts";
import { streamOf } from "../http/chunk-reader.ts";
import { Response } from "../http/response.ts";
import { closing } from "../http/served-request.ts";
import type { ServerEvent } from "./event-text.ts";
import { EventStream } from "./event-stream.ts";

export interface EventsContext {
  /** The id of the last event that the client got before it reconnected, as the client says; `undefined`: none. */
  readonly lastEventId: string | undefined;
  /** Aborted when the stream ends: when the client leaves or the server closes, and also when the function has returned or failed. */
  readonly signal: AbortSignal;
}

/** A function that makes the events of one client, usually an async generator function. */
export type EventsFunction = (context: EventsContext) => AsyncIterable<ServerEvent>;

export interface EventsOptions {
  /**
   * Milliseconds without an event after which a comment is sent, so that proxies do not close the connection and the server notices
   * a client that is gone; `0`: never. Default 15,000.
   */
  readonly heartbeat?: number | undefined;
  /** Milliseconds that a browser waits before it reconnects. Default: the browser's own, a few seconds. */
  readonly retry?: number | undefined;
}

/** The longest time that Node's timers take. */
const longest = 2 ** 31 - 1;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A response that sends events to a page's `EventSource`, until the function ends. The next event is requested when the client has
 * received the last one. The function runs inside the request, after the head was sent: an error ends the stream and is logged, and
 * the client reconnects.
 *
 * @example
 * ```ts
 * import { setInterval } from "node:timers/promises";
 * import { RequestHandler } from "@mini/core";
 * import { events } from "@mini/core/events";
 *
 * class Clock extends RequestHandler {
 *   get() {
 *     return events(async function* ({ signal }) {
 *       for await (const _ of setInterval(1000, undefined, { signal })) yield { event: "tick", data: new Date() };
 *     });
 *   }
 * }
 * ```
 * @throws TypeError for an option that is not a whole number; LocalError outside a request.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function events(make: EventsFunction, { heartbeat = 15_000, retry }: EventsOptions = {}): Response {
  for (const [name, value = 0] of Object.entries({ heartbeat, retry })) {
    if (!Number.isInteger(value) || value < 0 || value > longest) {
      throw new TypeError(`The option ${name} of events() must be a whole number of milliseconds from 0 to ${longest}.`);
    }
  }
  const context = running("send events");
  const stream = new EventStream({
    context,
    make: (signal) => make({ lastEventId: lastEventId(context), signal }),
    closing: servedOf(context.request)[closing],
    heartbeat,
    // The head is sent with the first bytes, and a page's EventSource opens when it gets the head.
    opening: retry === undefined ? ":\n\n" : `retry: ${retry}\n\n`,
  });
  return new Response(streamOf(stream), {
    headers: {
      "content-type": "text/event-stream",
      // A proxy that compresses a stream may hold events back.
      "cache-control": "no-store, no-transform",
      // nginx collects responses before it passes them on, unless this header forbids it.
      "x-accel-buffering": "no",
    },
  });
}

/** Browsers send the id as UTF-8, and headers are read byte by byte, except on workerd, which reads them as UTF-8. */
function lastEventId({ request: { headers } }: Context): string | undefined {
  const given = headers.get("last-event-id") ?? "";
  if (given === "") return undefined;
  try {
    return utf8.decode(Buffer.from(given, "latin1"));
  } catch {
    return given;
  }
}
