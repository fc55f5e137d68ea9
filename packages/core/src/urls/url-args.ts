import { plainNumber } from "../rules/converter.ts";

/** Arguments of `urlFor()`, by name. */
export type UrlArgs = Readonly<Record<string, unknown>>;

/**
 * A static method of a handler class that knows more about its URLs than their pattern: it returns arguments to add to those of a
 * URL, and throws `UnbuildableUrl` if there is nothing at that URL. A symbol, so that no method of an application is called by mistake.
 */
export const urlArgs = Symbol("urlArgs");

/** The arguments of a URL were refused. The message is the end of a sentence that says why: `urlFor()` throws a BuildError with it. */
export class UnbuildableUrl extends Error {}

/** A value that can be written into a URL. */
type Scalar = string | number | bigint | boolean;

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" ||
  typeof value === "bigint" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

/** @throws UnbuildableUrl */
export function wellFormed(name: string, text: string): string {
  if (!text.isWellFormed()) throw new UnbuildableUrl(`"${name}" has half of a surrogate pair`);
  return text;
}

/** The text of an argument. @throws UnbuildableUrl */
export function format(name: string, value: unknown): string {
  if (!isScalar(value)) throw new UnbuildableUrl(`"${name}" must be text, a finite number or a boolean`);
  return wellFormed(name, typeof value === "number" ? plainNumber(value) : String(value));
}

/** An argument; `undefined` if it is missing or `null`. */
export const given = (args: UrlArgs, name: string): unknown => (Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined);

/** Whether two arguments have the same text in a URL. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((each, i) => sameValue(each, other[i]));
  return isScalar(one) && isScalar(other) ? String(one) === String(other) : one === other;
}

/** A query of the arguments that are not used yet, with its question mark; empty if there are none. @throws UnbuildableUrl */
export function buildQuery(args: UrlArgs, isUsed: (name: string) => boolean): string {
  let query: URLSearchParams | undefined;
  for (const name of Object.keys(args)) {
    const value = args[name];
    if (isUsed(name) || value === null || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null || each === undefined) continue;
      query ??= new URLSearchParams();
      query.append(format("the name of an argument", name), format(name, each));
    }
  }
  return query === undefined ? "" : `?${query}`;
}
