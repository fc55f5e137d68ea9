import { decoded } from "../http/decoded.ts";
import type { Alternative, Segment } from "./pattern.ts";
import type { Converter, Converters } from "./converter.ts";
import { valueReader, type ValueReader } from "./value-reader.ts";

/** Arguments by name, in an object without a prototype; a wildcard has an array. */
export type Args = Readonly<Record<string, unknown>>;

/** Arguments that are still being set. */
export type NewArgs = Record<string, unknown>;

/**
 * Makes objects that inherit nothing. V8 keeps objects of `Object.create(null)` as dictionaries, which are slow; those of a
 * constructor with an empty prototype are not.
 */
export const EmptyArgs = Object.assign(function () {}, { prototype: Object.freeze(Object.create(null)) }) as unknown as new () => NewArgs;

/** The arguments of a rule without parameters and defaults. */
export const noArgs: Args = Object.freeze(new EmptyArgs());

/** Reads the arguments of one alternative of a pattern from a path, or from a host in the form of a path. */
export class ArgReader {
  readonly alternative: Alternative;
  /** In the order of the pattern. */
  readonly parameters: readonly Parameter[];
  /** Reads the raw text of each parameter; `undefined`: the path does not match. */
  readonly read: ValueReader;

  constructor(alternative: Alternative, where: Converters) {
    this.alternative = alternative;
    this.parameters = alternative.tokens.flatMap((token) => {
      if (token.type === "text") return [];
      const { name, type } = token;
      return [{ name, isWildcard: type === "wildcard", converter: where[name] }];
    });
    this.read = valueReader(alternative);
  }

  /**
   * Sets the arguments. Returns `false`, and sets none, if the path does not match or a converter refuses a value.
   *
   * @param encoded - Whether values are to be decoded.
   * @throws MalformedPath for a malformed escape in a value.
   */
  fill(args: NewArgs, path: string, encoded: boolean): boolean {
    const texts = this.read(path);
    if (texts === undefined) return false;
    const values = this.parameters.map((parameter, i) => valueOf(parameter, texts[i]!, encoded));
    if (values.includes(undefined)) return false;
    for (const [i, { name }] of this.parameters.entries()) args[name] = values[i];
    return true;
  }
}

/**
 * Reads the arguments of a path that is known to match a pattern in which each parameter is a whole segment, and a wildcard is the
 * rest of the path. Rules whose paths differ only in their text share one reader, so that it stays in the cache of the processor.
 */
export class SegmentReader {
  readonly #parameters: readonly Parameter[];
  /** Length of the text before each parameter, from the end of the previous parameter. */
  readonly #gaps: readonly number[];

  constructor(parameters: readonly Parameter[], gaps: readonly number[]) {
    this.#parameters = parameters;
    this.#gaps = gaps;
  }

  /**
   * The arguments; `undefined`: a converter refuses a value.
   *
   * @param encoded - Whether values are to be decoded.
   * @throws MalformedPath for a malformed escape in a value.
   */
  read(path: string, encoded: boolean): Args | undefined {
    const args = new EmptyArgs();
    const parameters = this.#parameters;
    const gaps = this.#gaps;
    let at = 0;
    for (let i = 0; i < parameters.length; i++) {
      const parameter = parameters[i]!;
      at += gaps[i]!;
      const slash = parameter.isWildcard ? -1 : path.indexOf("/", at);
      const end = slash === -1 ? path.length : slash;
      const value = valueOf(parameter, path.slice(at, end), encoded);
      if (value === undefined) return undefined;
      args[parameter.name] = value;
      at = end;
    }
    return args;
  }
}

/** Makes segment readers; alternatives that can share one get the same. */
export class SegmentReaders {
  readonly #known = new Map<string, SegmentReader>();

  /** The segment reader that can be used for a reader; `undefined` if its alternative has other kinds of segments. */
  get({ alternative, parameters }: ArgReader): SegmentReader | undefined {
    const gaps = gapsOf(alternative.segments);
    if (gaps === undefined) return undefined;
    if (parameters.some(({ converter }) => converter !== undefined)) return new SegmentReader(parameters, gaps);
    const key = JSON.stringify([gaps, parameters]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = new SegmentReader(parameters, gaps);
    this.#known.set(key, made);
    return made;
  }
}

interface Parameter {
  readonly name: string;
  readonly isWildcard: boolean;
  readonly converter: Converter<unknown> | undefined;
}

function valueOf({ isWildcard, converter }: Parameter, text: string, encoded: boolean): unknown {
  const slash = isWildcard ? text.indexOf("/") : -1;
  const first = convert(converter, slash === -1 ? text : text.slice(0, slash), encoded);
  if (!isWildcard || first === undefined) return first;
  const values = [first];
  for (let at = slash; at !== -1;) {
    const next = text.indexOf("/", at + 1);
    const value = convert(converter, text.slice(at + 1, next === -1 ? text.length : next), encoded);
    if (value === undefined) return undefined;
    values.push(value);
    at = next;
  }
  return values;
}

/** The path has a malformed escape. */
export class MalformedPath extends Error {}

function convert(converter: Converter<unknown> | undefined, text: string, encoded: boolean): unknown {
  const value = encoded ? decode(text) : text;
  return converter === undefined ? value : parse(converter, value);
}

function decode(text: string): string {
  const value = decoded(text);
  if (value === undefined) throw new MalformedPath();
  return value;
}

function parse(converter: Converter<unknown>, text: string): unknown {
  const value = converter.parse(text);
  if (!(value instanceof Promise)) return value;
  // No code awaits it, and such a promise would end the process if it is rejected.
  value.catch(() => {});
  throw new TypeError("The parse function of a converter must return its value, not a promise of it.");
}

function gapsOf(segments: readonly Segment[]): readonly number[] | undefined {
  const gaps: number[] = [];
  let gap = 0;
  for (const { kind, text, isRest } of segments) {
    if (!isRest && kind !== "static" && kind !== "parameter") return undefined;
    gap += 1 + text.length;
    if (kind === "static") continue;
    gaps.push(gap);
    gap = 0;
  }
  return gaps;
}
