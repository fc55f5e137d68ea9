import { HTTPError } from "../http/errors.ts";

export interface JsonOptions {
  /** How deep arrays and objects may be nested, at most 1000. Default 64. */
  readonly maxDepth?: number | undefined;
}

/**
 * The value of a JSON body.
 *
 * @throws HTTPError 400 for malformed JSON, with the position if it can be found; for JSON that is nested too deeply; and for keys
 *   that would reach a prototype when the value is copied: `__proto__`, and `prototype` inside `constructor`.
 */
export function parseJson(text: string, { maxDepth = 64 }: JsonOptions = {}): unknown {
  const value = parse(text);
  if (typeof value === "object" && value !== null) check(value, Math.min(maxDepth, 1000));
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = positionOf(error, text);
    throw new HTTPError(400, `The body is not valid JSON${position === undefined ? "" : ` at position ${position}`}.`);
  }
}

/** The longest text, in characters, that is searched for an error position when V8 reports none. */
const longestSearch = 65_536;

/**
 * Where a text stops being JSON. V8 reports the position of every mistake except an unexpected token. The rest of its message is
 * not sent, because it quotes the text.
 */
function positionOf({ message }: SyntaxError, text: string): number | undefined {
  const stated = /at position (\d+)/.exec(message)?.[1];
  if (stated !== undefined) return Number(stated);
  if (!isUnexpectedToken(message)) return text.length;
  if (text.length > longestSearch) return undefined;
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isUnexpectedToken(mistakeIn(text.slice(0, middle)))) bad = middle;
    else good = middle;
  }
  return good;
}

const isUnexpectedToken = (message: string) => message.startsWith("Unexpected token");

function mistakeIn(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

/** Checks each object and array once. It does not make a list of keys, so it takes a fiftieth of the time of parsing. */
function check(value: object, depth: number): void {
  if (depth === 0) throw new HTTPError(400, "The body is JSON that is nested too deeply.");
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (typeof item === "object" && item !== null) check(item, depth - 1);
    return;
  }
  for (const key in value) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (key === "__proto__") throw refusedKey(key);
    if (typeof member !== "object" || member === null || !Object.hasOwn(value, key)) continue;
    if (key === "constructor" && Object.hasOwn(member, "prototype")) throw refusedKey(key);
    check(member, depth - 1);
  }
}

const refusedKey = (key: string) => new HTTPError(400, `The body is JSON with the key ${key}, which is not allowed.`);
