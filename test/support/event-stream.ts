import { events, type EventsFunction, type EventsOptions } from "@mini/core/events";
import { makeApp } from "./one-handler.ts";

/** An event as `EventSource` dispatches it. */
export interface Dispatched {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

export interface ParsedEvents {
  readonly events: readonly Dispatched[];
  /** The id that the browser would send back. */
  readonly lastEventId: string;
  /** Milliseconds; `undefined` if the stream does not set it. */
  readonly retry: number | undefined;
  readonly comments: number;
}

/**
 * Reads an event stream by the grammar of https://html.spec.whatwg.org/multipage/server-sent-events.html, and refuses what browsers
 * would ignore: an unknown field, a `retry` that is not a number, an id with NUL, an unfinished event, and an event with a name and no
 * data.
 */
export function parseEvents(stream: string): ParsedEvents {
  const lines = stream.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  if (lines.pop() !== "") throw new Error("The stream ends within a line.");
  const events: Dispatched[] = [];
  let lastEventId = "";
  let retry: number | undefined;
  let comments = 0;
  let id = "";
  let event = "";
  let data: string[] = [];
  let isBegun = false;
  for (const line of lines) {
    if (line === "") {
      lastEventId = id;
      if (data.length > 0) events.push({ event: event === "" ? "message" : event, id: lastEventId, data: data.join("\n") });
      else if (event !== "") throw new Error(`The event ${event} has no data, and is not dispatched.`);
      event = "";
      data = [];
      isBegun = false;
      continue;
    }
    isBegun = true;
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (name === "") comments += 1;
    else if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) retry = Number(value);
    else throw new Error(`The stream has the line ${JSON.stringify(line)}, which browsers ignore.`);
  }
  if (isBegun) throw new Error("The stream ends within an event.");
  return { events, lastEventId, retry, comments };
}

/** The whole stream of a source that ends, and what was logged. */
export async function sent(make: EventsFunction, options?: EventsOptions) {
  const { get, logged } = makeApp(() => events(make, options));
  const text = await (await get()).text();
  return { text, logged, ...parseEvents(text) };
}
