import type { Token } from "path-to-regexp";
import { plainNumber } from "./converter.ts";
import type { Converters } from "./rule.ts";

/** Arguments of `urlFor()`, by name. */
export type UrlArgs = Readonly<Record<string, unknown>>;

/** Why no URL can be built, in words. */
export class Refused extends Error {}

/** What a rule says about its arguments. */
export interface UrlBuilderOptions {
  readonly where: Converters;
  readonly defaults: UrlArgs;
}

/** What may be written into a URL. */
type Scalar = string | number | bigint | boolean;

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" ||
  typeof value === "bigint" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

function wellFormed(name: string, text: string): string {
  if (!text.isWellFormed()) throw new Refused(`"${name}" holds half of a surrogate pair, which no URL can say`);
  return text;
}

function format(name: string, value: unknown): string {
  if (!isScalar(value)) throw new Refused(`"${name}" must be text, a finite number or a boolean`);
  return wellFormed(name, typeof value === "number" ? plainNumber(value) : String(value));
}

/** An argument; `undefined` when there is none, which `null` also means. */
export const given = (args: UrlArgs, name: string): unknown => (Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined);

/** Whether two arguments are the same in a URL. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((each, i) => sameValue(each, other[i]));
  return isScalar(one) && isScalar(other) ? String(one) === String(other) : one === other;
}

/** Builds the URLs of one rule. */
export class UrlBuilder {
  readonly #path: readonly Token[];
  readonly #host: readonly Token[] | undefined;
  readonly #where: Converters;
  readonly #defaults: UrlArgs;
  /** Defaults that neither path nor host has a place for. */
  readonly #fixed: readonly string[];
  /** Parameters that every path of the rule has, and those that every host of it has. */
  readonly required: readonly string[];
  readonly requiredInHost: readonly string[];

  constructor(path: readonly Token[], host: readonly Token[] | undefined, { where, defaults }: UrlBuilderOptions) {
    this.#path = path;
    this.#host = host;
    this.#where = where;
    this.#defaults = defaults;
    this.defaults = Object.keys(defaults).length;
    const places = new Set([...allNames(path), ...allNames(host ?? [])]);
    this.#fixed = Object.keys(defaults).filter((name) => !places.has(name));
    this.required = namesOf(path);
    this.requiredInHost = host === undefined ? [] : namesOf(host);
  }

  /** How many defaults the rule has. */
  readonly defaults: number;

  /** The required parameters that the arguments lack; a host that is given needs none. */
  missing(args: UrlArgs, hostIsGiven: boolean): readonly string[] {
    const required = hostIsGiven ? this.required : [...this.required, ...this.requiredInHost];
    return required.filter((name) => given(args, name) === undefined);
  }

  /** How many of the arguments the rule has a place for; `undefined`: its defaults say something else. */
  fit(args: UrlArgs): number | undefined {
    let count = countPlaces(this.#path, args) + (this.#host === undefined ? 0 : countPlaces(this.#host, args));
    for (const name of this.#fixed) {
      const value = given(args, name);
      if (value === undefined) continue;
      if (!sameValue(value, this.#defaults[name])) return undefined;
      count++;
    }
    return count;
  }

  /**
   * The host, without a port; `undefined`: any.
   *
   * @throws Refused for a value that no host can have.
   */
  host(args: UrlArgs): string | undefined {
    if (this.#host === undefined) return undefined;
    const host = this.#write(this.#host, this.#filled(args), new Set(), (name, text) => {
      if (!/^[\w-]+$/.test(text)) throw new Refused(`"${name}" must be letters, digits and hyphens, to stand in a host`);
      return text.toLowerCase();
    });
    return host.slice(1).replaceAll("/", ".");
  }

  /**
   * The path and query. Nothing required may be missing.
   *
   * @throws Refused for a value that can not be written into a URL.
   */
  build(args: UrlArgs): string {
    const used = new Set<string>(Object.keys(this.#defaults));
    if (this.#host !== undefined) for (const name of allNames(this.#host)) used.add(name);
    const path = this.#write(this.#path, this.#filled(args), used, (name, text) => {
      // Browsers take these away, however they are encoded.
      if (text === "." || text === "..") throw new Refused(`"${name}" is "${text}", which browsers take for a step between folders`);
      return encodeURIComponent(text);
    });
    if (path.startsWith("//")) throw new Refused("the path would start with two slashes, which browsers take for another host");
    return path + buildQuery(args, used);
  }

  #filled(args: UrlArgs): UrlArgs {
    if (this.defaults === 0) return args;
    return { ...this.#defaults, ...Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined)) };
  }

  /** `encode` gets decoded text and says what stands in the URL. */
  #write(tokens: readonly Token[], args: UrlArgs, used: Set<string>, encode: (name: string, text: string) => string): string {
    let text = "";
    for (const token of tokens) {
      if (token.type === "text") {
        text += token.value;
      } else if (token.type === "group") {
        if (this.#isWanted(token.tokens, args)) text += this.#write(token.tokens, args, used, encode);
      } else {
        const value = given(args, token.name);
        used.add(token.name);
        text += token.type === "param" ? this.#segment(token.name, value, encode) : this.#segments(token.name, value, encode);
      }
    }
    return text;
  }

  /** Whether an optional group is written: all it needs is there, and it says more than the defaults do. */
  #isWanted(tokens: readonly Token[], args: UrlArgs): boolean {
    const names = namesOf(tokens);
    if (names.some((name) => given(args, name) === undefined)) return false;
    if (this.defaults === 0) return true;
    const all = allNames(tokens).filter((name) => given(args, name) !== undefined);
    return (
      all.length === 0 || !all.every((name) => Object.hasOwn(this.#defaults, name) && sameValue(given(args, name), this.#defaults[name]))
    );
  }

  #segment(name: string, value: unknown, encode: (name: string, text: string) => string): string {
    const text = this.#text(name, value);
    if (text === "") throw new Refused(`"${name}" is empty`);
    return encode(name, text);
  }

  #segments(name: string, value: unknown, encode: (name: string, text: string) => string): string {
    if (!Array.isArray(value)) throw new Refused(`"${name}" must be a list, with an element for each segment`);
    const text = value.map((each) => encode(name, this.#text(name, each))).join("/");
    if (text === "") throw new Refused(`"${name}" is empty`);
    return text;
  }

  #text(name: string, value: unknown): string {
    const converter = Object.hasOwn(this.#where, name) ? this.#where[name] : undefined;
    if (converter === undefined) return format(name, value);
    const formatted: unknown = converter.format(value);
    const text = typeof formatted === "number" ? plainNumber(formatted) : formatted;
    if (typeof text !== "string" || converter.parse(text) === undefined) {
      throw new Refused(`the converter of "${name}" does not accept its value`);
    }
    return wellFormed(name, text);
  }
}

/** The parameters of these very tokens, not of groups in them. */
function namesOf(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => (token.type === "param" || token.type === "wildcard" ? [token.name] : []));
}

/** The parameters of the tokens and of all groups in them. */
export function allNames(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => (token.type === "text" ? [] : token.type === "group" ? allNames(token.tokens) : [token.name]));
}

function countPlaces(tokens: readonly Token[], args: UrlArgs): number {
  let count = 0;
  for (const token of tokens) {
    if (token.type === "group")
      count += namesOf(token.tokens).some((name) => given(args, name) === undefined) ? 0 : countPlaces(token.tokens, args);
    else if (token.type !== "text" && given(args, token.name) !== undefined) count++;
  }
  return count;
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
