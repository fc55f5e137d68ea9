import type { SchemaInput, StandardSchema } from "../forms/schema.ts";
import type { Converted } from "./converter.ts";

/** The characters that end a name: those of ASCII except letters, digits, `_` and `$`. */
type NameEnd =
  | " "
  | "!"
  | '"'
  | "#"
  | "%"
  | "&"
  | "'"
  | "("
  | ")"
  | "*"
  | "+"
  | ","
  | "-"
  | "."
  | "/"
  | ":"
  | ";"
  | "<"
  | "="
  | ">"
  | "?"
  | "@"
  | "["
  | "\\"
  | "]"
  | "^"
  | "`"
  | "{"
  | "|"
  | "}"
  | "~";

/** `[name, rest]` of the text after `:` or `*`. A name in quotes may have any character but a quote. */
type TakeName<Text extends string> = Text extends `"${infer Name}"${infer Rest}` ? [Name, Rest] : TakeId<Text>;

/** `[name, rest]` of text that begins with a name without quotes. */
type TakeId<Text extends string, Name extends string = ""> = Text extends `${infer Char}${infer Rest}`
  ? Char extends NameEnd
    ? [Name, Text]
    : TakeId<Rest, `${Name}${Char}`>
  : [Name, ""];

/** `Depth` has an element for each open brace. A parameter inside braces is optional. */
type Member<Depth extends readonly unknown[], Name extends string, Value> = Depth extends readonly []
  ? { readonly [Key in Name]: Value }
  : { readonly [Key in Name]?: Value };

/** Takes the name after `:` or `*`, and reads the rest of the path with this parameter added. */
type Named<Text extends string, Depth extends readonly unknown[], Found, Value> =
  TakeName<Text> extends [infer Name extends string, infer Rest extends string]
    ? Scan<Rest, Depth, Found & Member<Depth, Name, Value>>
    : never;

/** The depth after a closing brace. */
type Close<Depth extends readonly unknown[]> = Depth extends readonly [unknown, ...infer Outer] ? Outer : [];

/** Text with a character that has a special meaning in a path. */
type Marked = `${string}${":" | "*" | "{" | "}" | "\\"}${string}`;

/**
 * Skips to the next `:`, or past a segment without special characters. Only the rest is read by character, so that the recursion
 * stays short.
 */
type Scan<Text extends string, Depth extends readonly unknown[], Found> = Text extends Marked
  ? Text extends `${infer Before}:${infer Rest}`
    ? Before extends Marked
      ? ScanSegment<Text, Depth, Found>
      : Named<Rest, Depth, Found, string>
    : ScanSegment<Text, Depth, Found>
  : Found;

/** Skips a segment without special characters. */
type ScanSegment<Text extends string, Depth extends readonly unknown[], Found> = Text extends `${infer Segment}/${infer Rest}`
  ? Segment extends Marked
    ? ScanChar<Text, Depth, Found>
    : Scan<Rest, Depth, Found>
  : ScanChar<Text, Depth, Found>;

/** Reads one character. */
type ScanChar<Text extends string, Depth extends readonly unknown[], Found> = Text extends `${infer Char}${infer Rest}`
  ? Char extends ":"
    ? Named<Rest, Depth, Found, string>
    : Char extends "*"
      ? Named<Rest, Depth, Found, readonly string[]>
      : Char extends "{"
        ? Scan<Rest, [unknown, ...Depth], Found>
        : Char extends "}"
          ? Scan<Rest, Close<Depth>, Found>
          : Char extends "\\"
            ? Rest extends `${infer _Escaped}${infer After}`
              ? Scan<After, Depth, Found>
              : Found
            : ScanChar<Rest, Depth, Found>
  : Found;

/** One object type instead of an intersection, so that editors and messages show its members. */
type Simplify<T> = { readonly [Key in keyof T]: T[Key] } & {};

/**
 * The arguments from the parameters of a path: `:name` is text, `*name` an array of texts, and a parameter in braces is
 * optional. A path that is known only at run time has arguments of any name.
 */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string | readonly string[]>>
  : Path extends `${string}${":" | "*"}${string}`
    ? Simplify<Scan<Path, [], {}>>
    : {};

/** The parameters of path and host. Most rules have no host; their type is left as it is, which is cheaper for the compiler. */
type Given<Path extends string, Host extends string> = string extends Host
  ? PathParams<Path>
  : Host extends ""
    ? PathParams<Path>
    : Simplify<PathParams<Path> & PathParams<Host>>;

/** The parameters with the values of their converters. */
type Read<Params, Where> = keyof Where extends never
  ? Params
  : {
      readonly [Key in keyof Params]: Key extends keyof Where
        ? NonNullable<Params[Key]> extends readonly unknown[]
          ? readonly Converted<Where[Key]>[]
          : Converted<Where[Key]>
        : Params[Key];
    };

/** The parameters with the defaults: a parameter with a default is never missing. */
type Filled<Params, Defaults> = keyof Defaults extends never
  ? Params
  : Simplify<
      Omit<Params, keyof Defaults> & {
        readonly [Key in keyof Defaults]: Key extends keyof Params ? NonNullable<Params[Key]> : Defaults[Key];
      }
    >;

/** The type of the defaults of a rule: those of parameters have the type of their converters. */
export type DefaultsFor<Path extends string, Host extends string, Where> = string extends Path
  ? unknown
  : Partial<Read<Given<Path, Host>, Where>>;

/** The arguments that the methods of a handler get. */
export type RuleArgs<Path extends string, Host extends string, Where, Defaults> = Filled<Read<Given<Path, Host>, Where>, Defaults>;

/** The types of values that `urlFor()` writes without a converter. */
type Scalar = string | number | bigint | boolean;

/** The types that `urlFor()` accepts for the parameters. The `& {}` makes the compiler show the type itself in its messages, not its name. */
type Written<Params, Where> = {
  readonly [Key in keyof Params]: NonNullable<Params[Key]> extends readonly unknown[]
    ? readonly (Key extends keyof Where ? Converted<Where[Key]> : Scalar)[]
    : Key extends keyof Where
      ? Converted<Where[Key]>
      : Scalar;
} & {};

/** The names of the optional parameters. */
type OptionalKey<Params> = { [Key in keyof Params]-?: {} extends Pick<Params, Key> ? Key : never }[keyof Params];

/** Optional parameters may also be `null` or `undefined`. */
type Loose<Params, Optional extends PropertyKey> = [Optional] extends [never]
  ? Params
  : Simplify<
      { readonly [Key in Exclude<keyof Params, Optional>]: Params[Key] } & {
        readonly [Key in keyof Params & Optional]?: Params[Key] | null | undefined;
      }
    >;

/** The arguments that `urlFor()` needs. Those with a default are optional. */
export type UrlParams<Path extends string, Host extends string, Where, Defaults> = Loose<
  Written<Given<Path, Host>, Where>,
  OptionalKey<Given<Path, Host>> | keyof Defaults
>;

/**
 * The arguments of an endpoint for `urlFor()`. With the schema of a query, they are those of the path and the input of the schema, and no
 * others; without one, any others become the query.
 */
export type EndpointArgs<Params, Query> = [Query] extends [StandardSchema]
  ? Simplify<Params & SchemaInput<Query>>
  : Params & Readonly<Record<string, unknown>>;
