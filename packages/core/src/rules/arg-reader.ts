import type { Alternative, Segment } from "./pattern.ts";
import type { Converters } from "./rule.ts";
import type { Converter } from "./converter.ts";
import { isRest, valueReader, type ValueReader } from "./value-reader.ts";

/** Arguments by name, without a prototype; a list for a wildcard. */
export type Args = Readonly<Record<string, unknown>>;

/** Arguments that are being filled in. */
export type NewArgs = Record<string, unknown>;

/** Makes objects that inherit nothing. Unlike `Object.create(null)` they have the shape of what is set on them. */
export const EmptyArgs = Object.assign(function () {}, { prototype: Object.freeze(Object.create(null)) }) as unknown as new () => NewArgs;

/** What a rule without parameters and defaults gives. */
export const noArgs: Args = Object.freeze(new EmptyArgs());

/** Reads the arguments that one alternative of a pattern takes from a path, or from a host as a path. */
export class ArgReader {
  /** Of the parameters, in the pattern's order. */
  readonly names: readonly string[];
  /** The texts of all parameters as they stand in a path; `undefined`: it does not match. */
  readonly read: ValueReader;
  readonly #parameters: readonly Parameter[];

  constructor(alternative: Alternative, where: Converters) {
    this.#parameters = parametersOf(alternative, where);
    this.names = this.#parameters.map(({ name }) => name);
    this.read = valueReader(alternative);
  }

  /**
   * Sets the arguments; `false`, and none is set, for a path that does not match or a value that a converter refuses.
   *
   * @param encoded - Whether values are to be decoded.
   * @throws URIError for a malformed escape in a value.
   */
  fill(args: NewArgs, path: string, encoded: boolean): boolean {
    const texts = this.read(path);
    if (texts === undefined) return false;
    const values = this.#parameters.map((parameter, i) => valueOf(parameter, texts[i]!, encoded));
    if (values.includes(undefined)) return false;
    for (const [i, name] of this.names.entries()) args[name] = values[i];
    return true;
  }
}

/**
 * Reads the arguments of a path that is known to match, where each parameter is a whole segment and a wildcard takes the
 * rest. Rules whose paths differ only in their text can share one, so that it stays in the processor's cache.
 */
export class SegmentReader {
  readonly #parameters: readonly Parameter[];
  /** How much text there is before each parameter, counted from the end of the one before it. */
  readonly #gaps: readonly number[];

  constructor(parameters: readonly Parameter[], gaps: readonly number[]) {
    this.#parameters = parameters;
    this.#gaps = gaps;
  }

  /**
   * The arguments; `undefined`: a converter refuses one.
   *
   * @param encoded - Whether values are to be decoded.
   * @throws URIError for a malformed escape in a value.
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

/** Makes segment readers, one for all alternatives that can share it. */
export class SegmentReaders {
  readonly #known = new Map<string, SegmentReader>();

  /** `undefined` for an alternative with another kind of segments. */
  get(alternative: Alternative, where: Converters): SegmentReader | undefined {
    const gaps = gapsOf(alternative.segments);
    if (gaps === undefined) return undefined;
    const parameters = parametersOf(alternative, where);
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

function parametersOf({ tokens }: Alternative, where: Converters): readonly Parameter[] {
  return tokens.flatMap((token) => {
    if (token.type === "text") return [];
    const { name, type } = token;
    return [{ name, isWildcard: type === "wildcard", converter: Object.hasOwn(where, name) ? where[name] : undefined }];
  });
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

function convert(converter: Converter<unknown> | undefined, text: string, encoded: boolean): unknown {
  const decoded = encoded ? decodeURIComponent(text) : text;
  return converter === undefined ? decoded : converter.parse(decoded);
}

function gapsOf(segments: readonly Segment[]): readonly number[] | undefined {
  const gaps: number[] = [];
  let gap = 0;
  for (const [i, segment] of segments.entries()) {
    const isRestHere = i === segments.length - 1 && isRest(segment);
    if (!isRestHere && segment.kind !== "static" && segment.kind !== "parameter") return undefined;
    gap += 1 + segment.text.length;
    if (segment.kind === "static") continue;
    gaps.push(gap);
    gap = 0;
  }
  return gaps;
}
