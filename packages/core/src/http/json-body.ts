import { HTTPError } from "./errors.ts";

export interface JsonOptions {
  /** How deep arrays and objects may stand in each other, 1000 at most. Default 64. */
  readonly maxDepth?: number | undefined;
}

/**
 * What a body says in JSON.
 *
 * @throws HTTPError 400 for malformed JSON, with the position where it can be told; for one that is nested deeper than allowed, and for keys that
 *   would reach a prototype where somebody copies the value: `__proto__`, and `prototype` in `constructor`.
 */
export function parseJson(text: string, { maxDepth = 64 }: JsonOptions = {}): unknown {
  const value = parse(text);
  check(value, Math.min(maxDepth, 1000));
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

/** Characters in which a position is looked for that V8 does not give. */
const longestSearch = 65_536;

/** Where a text stops being JSON: V8 says so for all mistakes but an unexpected token. Nothing else of its message may be sent: it quotes the text. */
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

function check(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth === 0) throw new HTTPError(400, "The body is JSON that is nested too deep.");
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth - 1);
    return;
  }
  for (const key of Object.keys(value)) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[key];
    const isConstructor = key === "constructor" && typeof member === "object" && member !== null;
    if (key === "__proto__" || (isConstructor && Object.hasOwn(member, "prototype"))) {
      throw new HTTPError(400, `The body is JSON with the key ${key}, which is not taken.`);
    }
    check(member, depth - 1);
  }
}
