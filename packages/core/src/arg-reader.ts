import type { Alternative, Segment } from "./pattern.ts";
import type { Converters } from "./rule.ts";
import type { Converter } from "./converter.ts";
import { isRest, valueReader, type ValueReader } from "./values.ts";

/** Arguments by name, without a prototype; a list for a wildcard. */
export type Args = Readonly<Record<string, unknown>>;

/** Arguments that are being filled in. */
export type NewArgs = Record<string, unknown>;

/** Makes objects that inherit nothing. Unlike `Object.create(null)` they have the shape of what is set on them. */
export const EmptyArgs = Object.assign(function () {}, { prototype: Object.freeze(Object.create(null)) }) as unknown as new () => NewArgs;

/** What a rule without parameters and defaults gives. */
export const noArgs: Args = Object.freeze(new EmptyArgs());

/** Where the text before a parameter ends, counted from the end of the one before it. */
type Gaps = readonly number[];

/** Reads the arguments that one alternative of a pattern takes from a path, or from a host as a path. */
export class ArgReader {
  /** Of the parameters, in the pattern's order. */
  readonly names: readonly string[];
  readonly #converters: readonly (Converter<unknown> | undefined)[];
  readonly #isWildcard: readonly boolean[];
  /** Of an alternative whose parameters are whole segments, up to a wildcard that takes the rest. */
  readonly #gaps: Gaps | undefined;
  readonly #endsInRest: boolean;
  /** The texts of all parameters as they stand in a path; `undefined`: it does not match. */
  readonly read: ValueReader;

  constructor(alternative: Alternative, where: Converters) {
    const parameters = alternative.tokens.filter((token) => token.type !== "text");
    this.names = parameters.map(({ name }) => name);
    this.#converters = this.names.map((name) => (Object.hasOwn(where, name) ? where[name] : undefined));
    this.#isWildcard = parameters.map(({ type }) => type === "wildcard");
    this.#gaps = gapsOf(alternative.segments);
    this.#endsInRest = this.#isWildcard.at(-1) === true;
    this.read = valueReader(alternative);
  }

  /**
   * Sets the arguments of a path that is known to match; `false`: a converter refuses one, and some may be set.
   *
   * @param encoded - Whether values are to be decoded.
   * @throws URIError for a malformed escape in a value.
   */
  fill(args: NewArgs, path: string, encoded: boolean): boolean {
    const gaps = this.#gaps;
    if (gaps === undefined) return this.tryFill(args, path, encoded);
    const { names } = this;
    const last = names.length - 1;
    let at = 0;
    for (let i = 0; i <= last; i++) {
      at += gaps[i]!;
      const isRestHere = i === last && this.#endsInRest;
      const slash = isRestHere ? -1 : path.indexOf("/", at);
      const end = slash === -1 ? path.length : slash;
      const value = this.#value(i, path.slice(at, end), encoded);
      if (value === undefined) return false;
      args[names[i]!] = value;
      at = end;
    }
    return true;
  }

  /**
   * Sets the arguments; `false`, and none is set, for a path that does not match or a value that a converter refuses.
   *
   * @throws URIError for a malformed escape in a value.
   */
  tryFill(args: NewArgs, path: string, encoded: boolean): boolean {
    const texts = this.read(path);
    if (texts === undefined) return false;
    const values = this.names.map((_name, i) => this.#value(i, texts[i]!, encoded));
    if (values.includes(undefined)) return false;
    for (const [i, name] of this.names.entries()) args[name] = values[i];
    return true;
  }

  #value(i: number, text: string, encoded: boolean): unknown {
    const converter = this.#converters[i];
    if (!this.#isWildcard[i]) return convert(converter, text, encoded);
    const values = text.split("/").map((each) => convert(converter, each, encoded));
    return values.includes(undefined) ? undefined : values;
  }
}

function convert(converter: Converter<unknown> | undefined, text: string, encoded: boolean): unknown {
  const decoded = encoded ? decodeURIComponent(text) : text;
  return converter === undefined ? decoded : converter.parse(decoded);
}

function gapsOf(segments: readonly Segment[]): Gaps | undefined {
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
