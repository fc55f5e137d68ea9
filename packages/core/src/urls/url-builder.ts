import type { Token } from "path-to-regexp";
import { isHostLabel } from "../http/host.ts";
import type { ArgReader } from "../rules/arg-reader.ts";
import { plainNumber, type Converter, type Converters } from "../rules/converter.ts";
import { buildQuery, format, given, UnbuildableUrl, sameValue, wellFormed, type UrlArgs } from "./url-args.ts";

/** The parts of a rule that define how its arguments are read and written. */
export interface UrlBuilderOptions {
  readonly where: Converters;
  readonly defaults: UrlArgs;
  /** The readers of the path's alternatives. */
  readonly readers: readonly ArgReader[];
  /** The readers of the host's alternatives. */
  readonly hostReaders: readonly ArgReader[];
}

/** Whether text needs no encoding and is not `.` or `..`: letters, digits, hyphens, underscores. */
function isPlain(text: string): boolean {
  // For short texts this is faster than a regular expression.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isOne = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 95 || (code >= 65 && code <= 90);
    if (!isOne) return false;
  }
  return text !== "";
}

/** Builds the URLs of one rule. */
export class UrlBuilder {
  readonly #path: readonly Token[];
  /** Empty for any host. */
  readonly #host: readonly Token[];
  readonly #hostNames: readonly string[];
  readonly #where: Converters;
  readonly #defaults: UrlArgs;
  readonly #readers: readonly ArgReader[];
  readonly #hostReaders: readonly ArgReader[];
  /** Whether every path of the rule can be read in only one way, whatever the arguments are. */
  readonly #isClear: boolean;
  /** For a path of text and parameters, without host and defaults: the texts around the parameters, and the converter of each. */
  readonly #texts: readonly string[] | undefined;
  readonly #converters: readonly (Converter<unknown> | undefined)[];
  /** Defaults that are parameters of neither path nor host. */
  readonly #fixed: readonly string[];
  /** Parameters that every path of the rule has, and those that every host has. */
  readonly #required: readonly string[];
  readonly #requiredInHost: readonly string[];
  /** How many defaults the rule has. */
  readonly defaultCount: number;

  constructor(path: readonly Token[], host: readonly Token[], { where, defaults, readers, hostReaders }: UrlBuilderOptions) {
    this.#path = path;
    this.#host = host;
    this.#hostNames = allNames(host);
    this.#where = where;
    this.#defaults = defaults;
    this.#readers = readers;
    this.#hostReaders = hostReaders;
    this.#isClear = isClear(readers);
    this.defaultCount = Object.keys(defaults).length;
    const places = [...allNames(path), ...this.#hostNames];
    this.#fixed = Object.keys(defaults).filter((name) => !places.includes(name));
    this.#required = namesOf(path);
    this.#requiredInHost = namesOf(host);
    this.#converters = this.#required.map((name) => where[name]);
    const isDirect = !startsTwice(path) && this.#isClear && host.length === 0 && this.defaultCount === 0;
    this.#texts = isDirect && path.every(({ type }) => type === "text" || type === "param") ? textsAround(path) : undefined;
  }

  /** The required parameters that are missing. If a host is given, those of the host are not needed. */
  missing(args: UrlArgs, hostIsGiven: boolean): readonly string[] {
    const required = hostIsGiven ? this.#required : [...this.#required, ...this.#requiredInHost];
    return required.filter((name) => given(args, name) === undefined);
  }

  /** How many of the arguments are parameters or defaults of the rule; `undefined`: one differs from its default. */
  countKnown(args: UrlArgs): number | undefined {
    let count = countPlaces(this.#path, args) + countPlaces(this.#host, args);
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
   * @throws UnbuildableUrl for a value that cannot be part of a host.
   */
  host(args: UrlArgs): string | undefined {
    if (this.#host.length === 0) return undefined;
    const written = new Map<string, string>();
    const encode: Encode = (name, text) => {
      if (!isHostLabel(text)) throw new UnbuildableUrl(`"${name}" must be letters, digits and hyphens to be part of a host`);
      return text.toLowerCase();
    };
    const host = this.#write(this.#host, this.#filled(args), encode, written);
    if (!isReadBack(this.#hostReaders, host, false, written))
      throw new UnbuildableUrl(`its arguments cannot be told apart in the host "${host.slice(1).replaceAll("/", ".")}"; give other values`);
    return host.slice(1).replaceAll("/", ".");
  }

  /** The path, if the arguments are exactly the parameters and all are text or whole numbers; `undefined` otherwise: {@link build} builds it. */
  buildSimple(args: UrlArgs): string | undefined {
    const texts = this.#texts;
    if (texts === undefined) return undefined;
    // An object with one of these prototypes inherits no text or number, so values that are found below are its own.
    const prototype: unknown = Object.getPrototypeOf(args);
    if (prototype !== Object.prototype && prototype !== null) return undefined;
    const required = this.#required;
    let path = texts[0]!;
    for (let i = 0; i < required.length; i++) {
      const name = required[i]!;
      const value = args[name];
      if (typeof value !== "string" && !Number.isSafeInteger(value)) return undefined;
      const text = this.#converters[i] === undefined ? String(value) : this.#text(name, value);
      path += (isPlain(text) ? text : this.#segment(name, value, encodeSegment)) + texts[i + 1]!;
    }
    let surplus = -required.length;
    for (const _name in args) surplus++;
    return surplus === 0 ? path : undefined;
  }

  /**
   * The path and query. No required parameter may be missing.
   *
   * @param writeQuery - Writes the query of the arguments that are not used.
   * @throws UnbuildableUrl for a value that cannot be written into a URL.
   */
  build(args: UrlArgs, writeQuery: typeof buildQuery = buildQuery): string {
    const written = new Map<string, string>();
    const path = this.#clearPath(this.#filled(args), written);
    if (/\/\.{1,2}(?:\/|$)/.test(path))
      throw new UnbuildableUrl('the path would have the segment "." or "..", which browsers remove from a path');
    if (path.startsWith("//")) throw new UnbuildableUrl("the path would start with two slashes, after which browsers expect a host");
    return path + writeQuery(args, (name) => written.has(name) || this.#hostNames.includes(name) || name in this.#defaults);
  }

  /** A path that the rule reads back as the same arguments. If necessary, separators inside values are escaped. */
  #clearPath(args: UrlArgs, written: Map<string, string>): string {
    let path = "";
    for (const encode of [encodeSegment, encodeSeparators]) {
      path = this.#write(this.#path, args, encode, written);
      if (this.#isClear || isReadBack(this.#readers, path, true, written)) return path;
    }
    throw new UnbuildableUrl(
      `its arguments cannot be told apart in the path "${path}"; give the optional ones before them too, or other values`,
    );
  }

  #filled(args: UrlArgs): UrlArgs {
    if (this.defaultCount === 0) return args;
    return { ...this.#defaults, ...Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined)) };
  }

  /**
   * @param encode - Gets the text of a parameter and returns its text in the URL.
   * @param written - Collects the text in the URL by parameter.
   */
  #write(tokens: readonly Token[], args: UrlArgs, encode: Encode, written: Map<string, string>): string {
    let text = "";
    for (const token of tokens) {
      if (token.type === "text") {
        text += token.value;
      } else if (token.type === "group") {
        if (this.#isWanted(token.tokens, args)) text += this.#write(token.tokens, args, encode, written);
      } else {
        const value = given(args, token.name);
        const own = token.type === "param" ? this.#segment(token.name, value, encode) : this.#segments(token.name, value, encode);
        written.set(token.name, own);
        text += own;
      }
    }
    return text;
  }

  /** Whether an optional group is written: all its arguments are given, and at least one differs from its default. */
  #isWanted(tokens: readonly Token[], args: UrlArgs): boolean {
    const names = namesOf(tokens);
    if (names.some((name) => given(args, name) === undefined)) return false;
    if (this.defaultCount === 0) return true;
    const all = allNames(tokens).filter((name) => given(args, name) !== undefined);
    return all.length === 0 || !all.every((name) => sameValue(given(args, name), this.#defaults[name]));
  }

  #segment(name: string, value: unknown, encode: Encode): string {
    const text = this.#text(name, value);
    if (text === "") throw new UnbuildableUrl(`"${name}" is empty`);
    return encode(name, text);
  }

  #segments(name: string, value: unknown, encode: Encode): string {
    if (!Array.isArray(value)) throw new UnbuildableUrl(`"${name}" must be an array, with an item for each segment`);
    const text = Array.from(value, (each) => encode(name, this.#text(name, each))).join("/");
    if (text === "") throw new UnbuildableUrl(`"${name}" is empty`);
    return text;
  }

  #text(name: string, value: unknown): string {
    const converter = this.#where[name];
    if (converter === undefined) return format(name, value);
    const formatted: unknown = converter.format(value);
    const text = typeof formatted === "number" ? plainNumber(formatted) : formatted;
    if (typeof text !== "string" || converter.parse(text) === undefined) {
      throw new UnbuildableUrl(`the converter of "${name}" does not accept its value`);
    }
    return wellFormed(name, text);
  }
}

/** Whether the first reader that a path matches reads what was written. */
function isReadBack(readers: readonly ArgReader[], path: string, encoded: boolean, written: ReadonlyMap<string, string>): boolean {
  const reader = readers.find((each) => each.fill({}, path, encoded));
  const texts = reader?.read(path);
  return (
    texts !== undefined && texts.length === written.size && texts.every((text, i) => written.get(reader!.parameters[i]!.name) === text)
  );
}

/** Whether every path of the pattern starts with two slashes. */
const startsTwice = ([first]: readonly Token[]) => first?.type === "text" && first.value.startsWith("//");

/** Returns the text in a URL for the text of a parameter. @throws UnbuildableUrl */
type Encode = (name: string, text: string) => string;

function encodeSegment(name: string, text: string): string {
  // Browsers remove these segments, however they are encoded.
  if (text === "." || text === "..") throw new UnbuildableUrl(`"${name}" is "${text}", which browsers remove from a path`);
  return encodeURIComponent(text);
}

/** Like `encodeSegment`, but escapes every character that may be a separator between parameters. */
function encodeSeparators(name: string, text: string): string {
  return encodeSegment(name, text).replace(/[^\w%]|_/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Whether no path matches two alternatives, and no segment can be divided in two ways. */
function isClear(readers: readonly ArgReader[]): boolean {
  const lengths = new Set(readers.map(({ alternative }) => alternative.segments.length));
  return (
    lengths.size === readers.length &&
    readers.every(({ alternative }) =>
      alternative.segments.every(({ kind, isRest, tokens }) => {
        if (kind === "wildcard") return readers.length === 1 && isRest;
        return tokens.filter(({ type }) => type !== "text").length < 2;
      }),
    )
  );
}

/** The texts before, between and after the parameters. */
function textsAround(tokens: readonly Token[]): readonly string[] {
  const texts = [""];
  for (const token of tokens) {
    if (token.type === "text") texts[texts.length - 1] += token.value;
    else texts.push("");
  }
  return texts;
}

/** The parameters of the tokens, without those of optional groups. */
function namesOf(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => (token.type === "param" || token.type === "wildcard" ? [token.name] : []));
}

/** The parameters of the tokens, with those of optional groups. */
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
