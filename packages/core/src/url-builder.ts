import type { Token } from "path-to-regexp";
import { BuildError } from "./errors.ts";

/** Arguments of `urlFor()`, by name. */
export type UrlArgs = Readonly<Record<string, unknown>>;

/** What may be written into a URL. */
type Scalar = string | number | bigint | boolean;

/** Why no URL can be built of a value, in words. */
class Refused extends Error {}

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" ||
  typeof value === "bigint" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

/** Digits only: what JavaScript writes as 1e-7 is 0.0000001. */
function plainNumber(value: number): string {
  const text = String(value);
  const exponent = text.indexOf("e");
  if (exponent === -1) return text;
  if (Number(text.slice(exponent + 1)) > 0) return String(BigInt(value));
  const digits = text.slice(0, exponent).replace(/[-.]/g, "");
  return `${value < 0 ? "-" : ""}0.${"0".repeat(-Number(text.slice(exponent + 1)) - 1)}${digits}`;
}

function format(name: string, value: unknown): string {
  if (!isScalar(value)) throw new Refused(`"${name}" must be text, a finite number or a boolean`);
  const text = typeof value === "number" ? plainNumber(value) : String(value);
  if (!text.isWellFormed()) throw new Refused(`"${name}" holds half of a surrogate pair, which no URL can say`);
  return text;
}

function pathValue(name: string, value: unknown): string {
  const text = format(name, value);
  // Browsers take these away, however they are encoded.
  if (text === "." || text === "..") throw new Refused(`"${name}" is "${text}", which browsers take for a step between folders`);
  return encodeURIComponent(text);
}

const given = (args: UrlArgs, name: string): unknown => (Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined);

/** The path of a pattern with arguments, or what is missing for it. */
export interface BuiltPath {
  readonly path: string;
  readonly used: ReadonlySet<string>;
}

/** Builds the URLs of one pattern. */
export class UrlBuilder {
  readonly #tokens: readonly Token[];
  /** Parameters that every URL of the pattern has. */
  readonly required: readonly string[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.required = tokens.filter((token) => token.type === "param" || token.type === "wildcard").map(({ name }) => name);
  }

  /** The required parameters that the arguments lack; `null` is lacking. */
  missing(args: UrlArgs): readonly string[] {
    return this.required.filter((name) => given(args, name) === undefined);
  }

  /** How many of the arguments the path has a place for. */
  uses(args: UrlArgs): number {
    return countUsed(this.#tokens, args) ?? 0;
  }

  /**
   * The path and query. Nothing required may be missing.
   *
   * @throws BuildError for a value that can not be written into a URL.
   */
  build(endpoint: string, args: UrlArgs): string {
    const used = new Set<string>();
    try {
      const path = buildPath(this.#tokens, args, used) ?? "";
      if (path.startsWith("//")) throw new Refused("the path would start with two slashes, which browsers take for another host");
      return path + buildQuery(args, used);
    } catch (error) {
      if (error instanceof Refused) throw new BuildError(endpoint, { problem: error.message });
      throw error;
    }
  }
}

/** `undefined` where a parameter of these very tokens is missing. */
function buildPath(tokens: readonly Token[], args: UrlArgs, used: Set<string>): string | undefined {
  let path = "";
  for (const token of tokens) {
    if (token.type === "text") {
      path += token.value;
    } else if (token.type === "group") {
      path += countUsed(token.tokens, args) === undefined ? "" : buildPath(token.tokens, args, used);
    } else {
      const value = given(args, token.name);
      if (value === undefined) return undefined;
      used.add(token.name);
      path += token.type === "param" ? parameter(token.name, value) : wildcard(token.name, value);
    }
  }
  return path;
}

/** Parameters the tokens use; `undefined` where one of these very tokens is missing. */
function countUsed(tokens: readonly Token[], args: UrlArgs): number | undefined {
  let count = 0;
  for (const token of tokens) {
    if (token.type === "group") count += countUsed(token.tokens, args) ?? 0;
    else if (token.type !== "text" && given(args, token.name) === undefined) return undefined;
    else if (token.type !== "text") count++;
  }
  return count;
}

function parameter(name: string, value: unknown): string {
  const text = pathValue(name, value);
  if (text === "") throw new Refused(`"${name}" is empty`);
  return text;
}

function wildcard(name: string, value: unknown): string {
  if (!Array.isArray(value)) throw new Refused(`"${name}" must be a list, with an element for each segment`);
  const text = value.map((each) => pathValue(name, each)).join("/");
  if (text === "") throw new Refused(`"${name}" is empty`);
  return text;
}

function buildQuery(args: UrlArgs, used: ReadonlySet<string>): string {
  let query: URLSearchParams | undefined;
  for (const name of Object.keys(args)) {
    const value = args[name];
    if (used.has(name) || value === null || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null || each === undefined) continue;
      query ??= new URLSearchParams();
      query.append(format("the name of an argument", name), format(name, each));
    }
  }
  return query === undefined ? "" : `?${query}`;
}
