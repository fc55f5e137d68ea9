import { HTTPError } from "../http/errors.ts";

/** The most fields of a form, or arguments of a query, that are read. */
export const mostFields = 1000;

/** The longest name, in characters. */
const longestName = 1000;

/** How deep names may go: `a.b[0].c` goes four levels deep. */
const deepest = 20;

/** The most items of one array that is written with numbers, and of all such arrays together. Missing items are `undefined`. */
const mostItems = 1000;
const mostItemsInAll = 10_000;

/** The usual name, which is one key. */
const simple = /^[^.[\]]+$/;

const nested = /^[^.[\]]+(?:\.[^.[\]]+|\[(?:0|[1-9]\d{0,8})\])*$/;

/** Keys that would reach a prototype when the value is copied. */
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

type Key = string | number;

/** A name without the `[]` of an array: `tags[]` and `tags` are the same field. */
export const plainName = (name: string) => (name.endsWith("[]") ? name.slice(0, -2) : name);

/** The keys in a name. A name that is not written as a path is one key. */
function keysIn(name: string): readonly Key[] {
  if (name.length > longestName) throw new HTTPError(400, `A field has a name of more than ${longestName} characters.`);
  const bad = name.split(/[.[\]]/).find((segment) => forbidden.has(segment));
  if (bad !== undefined) throw new HTTPError(400, `A field has the name ${bad}, which is not allowed.`);
  if (simple.test(name)) return [name];
  const plain = plainName(name);
  if (!nested.test(plain)) return [name];
  const keys = Array.from(plain.matchAll(/(\[)?([^.[\]]+)/g), ([, bracket, key]) => (bracket === undefined ? key! : Number(key)));
  if (keys.length > deepest) throw new HTTPError(400, `A field has a name that goes more than ${deepest} levels deep.`);
  if (keys.some((key) => typeof key === "number" && key >= mostItems)) {
    throw new HTTPError(400, `A field has a name with a number over ${mostItems - 1}.`);
  }
  return keys;
}

/** The name of the field that keys lead to, as {@link valueOf} reads it. */
export function nameOf(keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((name, key) => name + (typeof key === "number" ? `[${key}]` : `${name === "" ? "" : "."}${String(key)}`), "");
}

/** A place in the value. It has texts and files, or the members of an object, or the items of an array. */
interface Place {
  readonly values: unknown[];
  isArray: boolean;
  members: Map<Key, Place> | undefined;
}

const newPlace = (): Place => ({ values: [], isArray: false, members: undefined });

/**
 * The object with the values of fields. `address.city` is a member of an object, `items[0].name` a member of an object in an array,
 * `tags[]` an array with any number of values. A repeated name is an array, too. Texts stay texts.
 *
 * @throws HTTPError 400 for names that are too long or too deep, that would reach a prototype, or that contradict each other.
 */
export function valueOf(fields: Iterable<readonly [name: string, value: unknown]>): Record<string, unknown> {
  const root = newPlace();
  for (const [name, value] of fields) {
    let place = root;
    for (const key of keysIn(name)) {
      const members = (place.members ??= new Map<Key, Place>());
      let next = members.get(key);
      if (next === undefined) members.set(key, (next = newPlace()));
      place = next;
    }
    place.values.push(value);
    place.isArray ||= name.endsWith("[]");
  }
  let items = 0;
  return objectAt(root.members ?? new Map<Key, Place>(), []);

  function read({ values, members, isArray }: Place, keys: readonly Key[]): unknown {
    if (members === undefined) return isArray || values.length > 1 ? values : values[0];
    const kinds = new Set(Array.from(members.keys(), (each) => typeof each));
    if (values.length > 0 || kinds.size > 1) {
      throw new HTTPError(400, `The names of the fields contradict each other at ${JSON.stringify(nameOf(keys))}.`);
    }
    return kinds.has("number") ? arrayAt(members, keys) : objectAt(members, keys);
  }

  function objectAt(members: ReadonlyMap<Key, Place>, keys: readonly Key[]): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    // None of the keys is `__proto__`: keysIn() refuses it.
    for (const [key, member] of members) object[key] = read(member, [...keys, key]);
    return object;
  }

  function arrayAt(members: ReadonlyMap<Key, Place>, keys: readonly Key[]): unknown[] {
    const length = Math.max(...(members.keys() as Iterable<number>)) + 1;
    items += length;
    if (items > mostItemsInAll) throw new HTTPError(400, "The names of the fields leave too many gaps in arrays.");
    return Array.from({ length }, (_none, at) => {
      const member = members.get(at);
      return member === undefined ? undefined : read(member, [...keys, at]);
    });
  }
}

/**
 * The fields for the values of an object, with the names that {@link valueOf} reads.
 *
 * @param text - The text of a value that is neither an object nor an array; `undefined` omits it.
 */
export function fieldsOf(
  value: object,
  text: (value: unknown, name: string) => string | undefined,
  keys: readonly PropertyKey[] = [],
): readonly (readonly [name: string, text: string])[] {
  const members: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const isList = Array.isArray(value) && value.every((item) => !isContainer(item));
  return members.flatMap(([key, member]) => {
    const path = [...keys, key];
    if (isContainer(member)) return fieldsOf(member, text, path);
    const name = isList ? `${nameOf(keys)}[]` : nameOf(path);
    const written = text(member, name);
    return written === undefined ? [] : [[name, written] as const];
  });
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
