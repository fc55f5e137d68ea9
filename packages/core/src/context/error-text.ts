import { inspect, types } from "node:util";

/**
 * Characters that begin a line, move the cursor or change the direction of the following text: controls (C0, DEL, C1), the
 * separators of lines and paragraphs, marks and overrides of the bidirectional algorithm.
 */
// oxlint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text as one line, which does not control a terminal: control characters are escaped as in a string literal. */
export function oneLine(text: string): string {
  return text.replace(controls, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return escapes[character] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  });
}

/** The name and message of an error, and the calls that led to it. */
interface StackParts {
  readonly head: string;
  /** Each is `    at call (file:line:column)`. */
  readonly frames: readonly string[];
  /**
   * A stack in which the end of the message is not known, because the error was changed: its frames may be a part of the message.
   */
  readonly unclear?: string;
}

const firstFrame = "\n    at ";

/**
 * The parts of an error's stack. A message may contain lines that look like frames, and a visitor may have written a part of the
 * message. So only lines after the message count as frames.
 */
export function stackParts(error: Error): StackParts {
  const { name, message } = error;
  const stack = String(error.stack ?? "");
  const own = `${name}${message === "" ? "" : `: ${message}`}`;
  // V8 writes the first lines when the error is made. Node has the code in it: TypeError [ERR_X]: message.
  const from = message === "" ? Math.max(0, stack.indexOf(firstFrame)) : stack.indexOf(message + firstFrame);
  const head = from === -1 ? "" : stack.slice(0, from);
  if (from === -1 || /[\r\n]/.test(head)) return { head: own, frames: [], unclear: stack };
  const end = message === "" ? from : from + message.length;
  return { head: stack.slice(0, end) || own, frames: stack.slice(end + 1).split("\n") };
}

/** The most errors of one entry: an error, its causes, the errors of an AggregateError and theirs. Causes can be circular. */
const mostErrors = 100;
/** The most levels of causes. */
const mostCauses = 10;
/** The most characters of a message; a longer one may hold a whole request. */
const longestMessage = 10_000;

/** An error as text for a log: its stack, its causes, the errors of an AggregateError. Only the stack has line breaks. Never throws. */
export function describeError(error: unknown): string {
  let left = mostErrors;
  const text = describe(error, 0);
  return left < 0 ? `${text}\n  ${-left} more errors are left out` : text;

  function describe(each: unknown, depth: number): string {
    left--;
    try {
      if (!isError(each)) return oneLine(cut(String(each), longestMessage));
      const { head, frames, unclear = "" } = stackParts(each);
      let described = [cut(head, longestMessage), ...frames].map(oneLine).join("\n");
      if (unclear !== "") described += ` (its stack: ${oneLine(cut(unclear, longestMessage))})`;
      if (depth === mostCauses) return described;
      if ("cause" in each) described += next("caused by", each.cause, depth);
      const errors: readonly unknown[] = "errors" in each && Array.isArray(each.errors) ? each.errors : [];
      errors.forEach((inner, i) => (described += next(`error ${i + 1} of ${errors.length}:`, inner, depth)));
      return described;
    } catch {
      return "a value that cannot be converted to text";
    }
  }

  function next(what: string, inner: unknown, depth: number): string {
    if (left <= 0) {
      left--;
      return "";
    }
    return `\n  ${what} ${describe(inner, depth + 1)}`;
  }
}

/** Whether a value is an error, even from another realm. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The first `most` characters of a text, with the number of those that are left out. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}… (${text.length - most} characters more)` : text;
}

/** Text of a client for a field of a log entry: at most 1000 characters, in one line. */
export function plainText(text: string): string {
  return oneLine(text.length > 1000 ? `${text.slice(0, 1000)}…` : text);
}

/** Fields of a log entry as text in one line. Never throws; deep, long and many values are cut. */
export function describeFields(fields: Readonly<Record<string, unknown>>): string {
  try {
    const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    return oneLine(inspect(known, { breakLength: Infinity, compact: true, depth: 4, maxArrayLength: 20, maxStringLength: 1000 }));
  } catch {
    return "{ fields that cannot be converted to text }";
  }
}
