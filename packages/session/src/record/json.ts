/** Levels of nesting that a value may have; a cycle has more. */
const deepest = 100;

/** Whether a value is an object as JSON has them: with keys, and without a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Why JSON would not give a value back as it was, in words; `undefined` when it would. `-0`, which becomes 0, is accepted. */
export function jsonProblem(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (value === undefined) return "undefined";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (depth === deepest) return `a cycle, or more than ${deepest} levels of nesting`;
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) return "an array of a class of its own";
    if (Object.keys(value).length > value.length) return "an array with named properties";
    // By index, because all other loops skip a hole, and JSON gives null for it.
    for (let i = 0; i < value.length; i++) {
      const problem = jsonProblem(value[i], depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!isPlainObject(value)) return `an object of the class ${className(value)}`;
  if (Object.getOwnPropertySymbols(value).length > 0) return "an object with a symbol as a key";
  for (const key of Object.keys(value)) {
    const problem = jsonProblem(value[key], depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function className(value: object): string {
  const { constructor } = value;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "(anonymous)";
}

/**
 * The JSON of a value that comes back as it was.
 *
 * @param key - Names the value in the message, which never shows the value itself; `undefined`: it is a flash message.
 * @throws TypeError for any other value.
 */
export function encodeJson(key: string | undefined, value: unknown): string {
  const problem = jsonProblem(value);
  if (problem !== undefined) {
    const what = key === undefined ? "a flash message" : JSON.stringify(key);
    throw new TypeError(
      `Cannot keep ${what} in the session: it is or holds ${problem}, which JSON does not give back as it was. ` +
        "Use strings, finite numbers, booleans, null, arrays and plain objects.",
    );
  }
  return JSON.stringify(value);
}

/** A copy of a JSON value that shares nothing with it. */
export function copyJson(value: unknown): unknown {
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** The value of JSON text; `undefined`, which JSON does not have, for other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
