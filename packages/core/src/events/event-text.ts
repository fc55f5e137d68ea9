import { Html } from "../http/html.ts";

/**
 * The data of an event. Await a promise and call a function first: JSON has neither, and a page would get an empty object. The
 * names that must not be there are those of promises, functions and responses.
 */
export type EventData =
  | string
  | number
  | boolean
  | null
  | Html
  | (object & { readonly then?: never; readonly [Symbol.hasInstance]?: never; readonly bodyUsed?: never });

/** An event for the pages that listen. At least one of the three fields must be set. */
export interface ServerEvent {
  /** The name that the page listens for: `addEventListener("note", ...)`. Default `"message"`. */
  readonly event?: string | undefined;
  /**
   * The place in the stream. A browser sends the last one back when it reconnects. Without `event` and `data`, the browser gets
   * only the place, and the page gets no event.
   */
  readonly id?: string | undefined;
  /** Text and `Html` are sent unchanged, anything else as JSON. Default empty. The page gets every line break as a line feed. */
  readonly data?: EventData;
}

const names: ReadonlySet<string> = new Set(["event", "id", "data"]);
/** The characters that end a line, https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. */
const lineBreak = /\r\n|\r|\n/;
const notInNames = /[\0\r\n]/;
/** Text that the header `Last-Event-ID` brings back unchanged. */
const sendableId = /^(?! )[^\p{Cc}\p{Cs}]*(?<! )$/u;
/** Characters. The header that brings an id back counts towards the limit of a request's headers. */
const longestId = 1000;

/**
 * An event as it is sent.
 *
 * @throws TypeError for a value that is not an event, and for one that browsers would drop or read differently.
 */
export function eventText(given: unknown): string {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `Cannot send a value of type ${given === null ? "null" : typeof given} as an event: yield an object, such as { data: "text" }.`,
    );
  }
  const strange = Object.keys(given).find((name) => !names.has(name));
  if (strange !== undefined)
    throw new TypeError(`Cannot send an event with the field ${JSON.stringify(strange)}: it has event, id and data.`);
  const { event, id, data } = given as { readonly event?: unknown; readonly id?: unknown; readonly data?: unknown };
  let text = "";
  if (event !== undefined) text += `event: ${checkedName(event)}\n`;
  if (id !== undefined) text += `id: ${checkedId(id)}\n`;
  if ("data" in given) for (const line of dataText(data).split(lineBreak)) text += `data: ${line}\n`;
  // Browsers drop an event without data.
  else if (event !== undefined) text += "data:\n";
  if (text === "") throw new TypeError("Cannot send an empty event: give it data, an event or an id.");
  return `${text}\n`;
}

function checkedName(name: unknown): string {
  if (typeof name !== "string") throw new TypeError(`Cannot send an event whose name is of type ${typeof name}: it must be a string.`);
  if (name === "") throw new TypeError('Cannot send an event with an empty name: leave the name out, and it is "message".');
  if (notInNames.test(name)) {
    throw new TypeError(`Cannot send an event with the name ${JSON.stringify(name)}: it must not have a line break or NUL.`);
  }
  return name;
}

function checkedId(id: unknown): string {
  if (typeof id !== "string") throw new TypeError(`Cannot send an event whose id is of type ${typeof id}: it must be a string.`);
  if (id.length > longestId) {
    throw new TypeError(
      `Cannot send an event with an id of ${id.length} characters: browsers send it back in a header, so at most ${longestId}.`,
    );
  }
  if (!sendableId.test(id)) {
    const shown = JSON.stringify(id);
    throw new TypeError(
      `Cannot send an event with the id ${shown}: browsers send it back in a header, so it must not have line breaks, NUL, other control characters or a space at an end.`,
    );
  }
  return id;
}

function dataText(data: unknown): string {
  if (typeof data === "string") return data;
  if (data instanceof Html) return data.markup;
  const problem = problemOf(data);
  if (problem !== undefined) throw new TypeError(`Cannot send ${problem} as the data of an event.`);
  const json = JSON.stringify(data) as string | undefined;
  if (json === undefined) throw new TypeError("Cannot send this data of an event: JSON.stringify() returns undefined for it.");
  return json;
}

/** Why a value has no JSON, or no JSON that represents it. */
function problemOf(data: unknown): string | undefined {
  if (data === undefined) return "undefined (leave the data out, or use null)";
  if (typeof data === "function") return "a function (call it)";
  if (typeof data === "symbol" || typeof data === "bigint") return `a ${typeof data} (make it a string)`;
  if (typeof data !== "object" || data === null) return undefined;
  if ("then" in data && typeof data.then === "function") return "a promise (await it)";
  if (data instanceof globalThis.Response) return "a response (read it)";
  return undefined;
}
