/**
 * Converts a parameter between the text in a URL and a value. It gets decoded text; of a wildcard, one segment at a time.
 */
export interface Converter<T> {
  /** The value of a text. If it is `undefined`, the rule does not match and the next one is tried. Must not throw. */
  parse(text: string): T | undefined;
  /** The text of a value, which `parse` must accept. */
  format(value: T): string;
}

/** Converters by the name of the parameter. */
export type Converters = Readonly<Record<string, Converter<unknown>>>;

/** The type of a converter's values. */
export type Converted<Each> = Each extends { parse(text: string): infer Value } ? Exclude<Value, undefined> : never;

/** The range of a number; both ends are included. */
export interface NumberOptions {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Whether only whole numbers are accepted. Default false. */
  readonly integer?: boolean | undefined;
}

/** A number in decimal notation: 0.0000001 where JavaScript writes 1e-7. */
export function plainNumber(value: number): string {
  const text = String(value);
  const exponent = text.indexOf("e");
  if (exponent === -1) return text;
  if (Number(text.slice(exponent + 1)) > 0) return String(BigInt(value));
  const digits = text.slice(0, exponent).replace(/[-.]/g, "");
  return `${value < 0 ? "-" : ""}0.${"0".repeat(-Number(text.slice(exponent + 1)) - 1)}${digits}`;
}

function within(expression: RegExp, { min = -Infinity, max = Infinity, integer = false }: NumberOptions): Converter<number> {
  return Object.freeze({
    parse(text: string) {
      if (!expression.test(text)) return undefined;
      const value = Number(text);
      // Above 2 ** 53, two texts would have the same number.
      const fits =
        value >= min && value <= max && (Number.isInteger(value) ? Number.isSafeInteger(value) : !integer && Number.isFinite(value));
      return fits ? value : undefined;
    },
    // Text is returned as it is, because parse() checks it.
    format: (value: unknown) => (typeof value === "number" ? plainNumber(value) : typeof value === "string" ? value : ""),
  });
}

const decimal = /^-?\d{1,400}(?:\.\d{1,400})?$/;

/** Whole numbers from 0 to 2 ** 53 - 1, in digits only. */
export const int: Converter<number> = /* @__PURE__ */ within(/^\d{1,100}$/, { integer: true });

/** Numbers in decimal notation, such as `-2` or `0.5`. `number({ min, max, integer })` restricts them. */
export const number: Converter<number> & ((options?: NumberOptions) => Converter<number>) = /* @__PURE__ */ numbers();

function numbers(): typeof number {
  return Object.freeze(Object.assign((options: NumberOptions = {}) => within(decimal, options), within(decimal, {})));
}

/** A UUID of any version, with hyphens (RFC 9562 §4). The value is in lower case. */
export const uuid: Converter<string> = /* @__PURE__ */ Object.freeze({
  parse: (text: string) => (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text.toLowerCase() : undefined),
  // Text is returned as it is, because parse() checks it.
  format: (value: unknown) => (typeof value === "string" ? value.toLowerCase() : ""),
});

/** One of the given texts. */
export function oneOf<const Each extends string>(...values: readonly Each[]): Converter<Each> {
  const known: ReadonlySet<string> = new Set(values);
  return Object.freeze({ parse: (text: string) => (known.has(text) ? (text as Each) : undefined), format: (value: Each) => value });
}

/** Text that a regular expression matches as a whole. */
export function matching(expression: RegExp): Converter<string> {
  const whole = new RegExp(`^(?:${expression.source})$`, expression.flags.replace(/[gy]/g, ""));
  return Object.freeze({ parse: (text: string) => (whole.test(text) ? text : undefined), format: (value: string) => value });
}

export function isConverter(value: unknown): value is Converter<unknown> {
  const { parse, format } = (value ?? {}) as Partial<Converter<unknown>>;
  return typeof parse === "function" && typeof format === "function";
}
