import { randomBytes } from "node:crypto";

/** A session's values by key: own properties only, so that `__proto__` is a key like any other. */
export type Data = Readonly<Record<string, unknown>>;

/** What a session holds. */
export interface Contents {
  readonly data: Data;
  readonly flashes: readonly Flash[];
}

/** The contents of an empty session. */
export const noContents: Contents = Object.freeze({ data: Object.freeze({}), flashes: Object.freeze([]) });

/** A message for the next page, as a handler sees it. */
export interface FlashMessage<Message = string> {
  readonly message: Message;
  /** Such as `info` or `error`. It names a style, not a severity. */
  readonly level: string;
}

/** A message as it is stored, beside the session's data and not in it. */
export interface Flash extends FlashMessage<unknown> {
  readonly id: string;
  /** When it was added; milliseconds since the Unix epoch. */
  readonly at: number;
  /**
   * Whether it is a form that was kept for the next page. Its level is then the name of the form, and it is not shown as a
   * message.
   */
  readonly isForm?: true;
}

/** What a handler says about a message. */
export type NewFlash = Omit<Flash, "id" | "at">;

/** A session keeps this many messages at most, the newest ones. */
export const mostFlashes = 20;

/** A new flash message. @param at - Milliseconds since the Unix epoch. */
export function makeFlash(flash: NewFlash, at: number): Flash {
  return { id: randomBytes(6).toString("base64url"), ...flash, at };
}

/** The messages that are not older than `maxAge` seconds. */
export function freshFlashes(flashes: readonly Flash[], maxAge: number, now: number): readonly Flash[] {
  const isFresh = ({ at }: Flash) => now - at <= maxAge * 1000;
  return flashes.every(isFresh) ? flashes : flashes.filter(isFresh);
}

/** The newest messages in decoded JSON, without entries that are not messages; `undefined` for a value that is not an array. */
export function readFlashes(value: unknown): readonly Flash[] | undefined {
  return Array.isArray(value) ? value.filter(isFlash).slice(-mostFlashes) : undefined;
}

function isFlash(value: unknown): value is Flash {
  return (
    isPlainObject(value) &&
    typeof value["id"] === "string" &&
    typeof value["level"] === "string" &&
    typeof value["at"] === "number" &&
    "message" in value
  );
}

/** A change whose result depends on the value before it. */
export type RelativeChange =
  | { readonly type: "increment"; readonly by: number }
  | { readonly type: "update"; readonly change: (value: unknown) => unknown };

/** What a request did to one key. */
export type KeyChange =
  | { readonly type: "set"; readonly value: unknown }
  | { readonly type: "delete" }
  | { readonly type: "relative"; readonly inOrder: readonly RelativeChange[] };

/**
 * What a request did to a session, so that it can be applied to a newer record than the one that the request loaded. Only the last
 * change of a key matters, except that relative changes add up.
 */
export interface Operations {
  /** Whether all keys of the record are removed before the changes. */
  readonly cleared: boolean;
  readonly keyChanges: ReadonlyMap<string, KeyChange>;
  readonly added: readonly Flash[];
  /** Ids of the messages that were shown. */
  readonly taken: ReadonlySet<string>;
}

/** A key as it is written in messages. */
export const quoted = (key: string) => JSON.stringify(key);

/** The type of a value as it is written in messages, which never show the value itself. */
export const typeOf = (value: unknown): string => (value === null ? "null" : `of type ${typeof value}`);

/** @throws TypeError when the value or the addend is not a number, or the sum is not finite. */
export function increment(key: string, value: unknown, by: unknown): number {
  const number = value === undefined ? 0 : value;
  const refusal = (problem: string) => new TypeError(`Cannot increment ${quoted(key)} in the session: ${problem}.`);
  if (typeof number !== "number") throw refusal(`its value is ${typeOf(value)}, not a number`);
  if (typeof by !== "number") throw refusal(`what is added is ${typeOf(by)}, not a number`);
  const sum = number + by;
  if (!Number.isFinite(sum)) throw refusal("the sum is not a finite number");
  return sum;
}

function applyOne(key: string, value: unknown, change: RelativeChange): unknown {
  if (change.type === "increment") return increment(key, value, change.by);
  const changed = change.change(copyJson(value));
  encodeJson(key, changed);
  return changed;
}

/** The value after relative changes. @throws TypeError for a change that the value does not allow. */
export function applyRelative(key: string, value: unknown, inOrder: readonly RelativeChange[]): unknown {
  return inOrder.reduce((current: unknown, change) => applyOne(key, current, change), value);
}

/** The messages after the operations, the newest {@link mostFlashes} of them. */
export function applyFlashes({ added, taken }: Pick<Operations, "added" | "taken">, flashes: readonly Flash[]): readonly Flash[] {
  if (added.length === 0 && taken.size === 0 && flashes.length <= mostFlashes) return flashes;
  return [...flashes.filter(({ id }) => !taken.has(id)), ...added].slice(-mostFlashes);
}

/** Whether two sessions have the same contents: values with the same JSON under the same keys, and messages with the same ids. */
export function sameContents(one: Contents, other: Contents): boolean {
  const keys = Object.keys(one.data);
  return (
    keys.length === Object.keys(other.data).length &&
    keys.every((key) => Object.hasOwn(other.data, key) && sameValue(one.data[key], other.data[key])) &&
    one.flashes.length === other.flashes.length &&
    one.flashes.every(({ id }, i) => id === other.flashes[i]!.id)
  );
}

/** Whether two values have the same JSON. */
export function sameValue(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}

// JSON: which values it can represent, and writing and reading them.

/** The most levels of nesting in a value; a cycle has more. */
const deepest = 100;

/**
 * Whether a value is an object as in JSON: with keys, and without a class. It may come from another realm, such as a `vm` context.
 */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isRoot(prototype as object);
}

/** Whether an object is the `Object.prototype` of some realm: it has no prototype, and has the members that all objects inherit. */
function isRoot(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Why a value would not survive JSON, in words; `undefined` if it would. `-0`, which becomes 0, is accepted. */
function jsonProblem(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (value === undefined) return "undefined";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (depth === deepest) return `a cycle, or more than ${deepest} levels of nesting`;
  const isArray = Array.isArray(value);
  // The prototype of plain arrays is an array itself, in every realm.
  if (!(isArray ? Array.isArray(Object.getPrototypeOf(value)) : isPlainObject(value))) {
    // If the handler forgot to await it, nobody else handles its rejection, which would end the process.
    if (value instanceof Promise) value.catch(() => undefined);
    return `an object of the class ${classOf(value)}`;
  }
  // JSON.stringify() calls it, even if it is not enumerable.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return `${isArray ? "an array" : "an object"} with a method toJSON`;
  if (isArray) {
    if (Object.keys(value).length > value.length) return "an array with named properties";
    // By index, because all other loops skip a hole, and JSON writes null for it.
    for (let i = 0; i < value.length; i++) {
      const problem = jsonProblem(value[i], depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return "an object with a symbol as a key";
  for (const key of Object.keys(value)) {
    const problem = jsonProblem((value as Readonly<Record<string, unknown>>)[key], depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The name of an object's class, for messages. */
export function classOf(value: object): string {
  const { constructor } = value;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "(anonymous)";
}

/**
 * The JSON of a value. Decoding it returns an equal value.
 *
 * @param key - The key of the value, for the error message, which never shows the value itself; `undefined` for a flash message.
 * @throws TypeError for a value that JSON cannot represent.
 */
export function encodeJson(key: string | undefined, value: unknown): string {
  const problem = jsonProblem(value);
  if (problem !== undefined) {
    const what = key === undefined ? "a flash message" : quoted(key);
    throw new TypeError(
      `Cannot keep ${what} in the session: it is or contains ${problem}, which JSON cannot represent. ` +
        "Use strings, finite numbers, booleans, null, arrays and plain objects.",
    );
  }
  return JSON.stringify(value);
}

/** The values of several keys. @throws TypeError for anything but a plain object of JSON values. */
export function checkValues(values: unknown): readonly (readonly [string, unknown])[] {
  if (!isPlainObject(values) || Object.getOwnPropertySymbols(values).length > 0) {
    throw new TypeError("Cannot keep these values: pass a plain object with a value for each key.");
  }
  const entries = Object.entries(values);
  for (const [key, value] of entries) encodeJson(key, value);
  return entries;
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
