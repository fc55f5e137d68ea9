import type { Converted } from "./converter.ts";

/** What ends a name: the characters of ASCII that are neither letter, digit, `_` nor `$`. */
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

/** `[name, rest]` of the text after `:` or `*`; a name in quotes may hold anything but a quote. */
type TakeName<Text extends string> = Text extends `"${infer Name}"${infer Rest}` ? [Name, Rest] : TakeId<Text>;

type TakeId<Text extends string, Name extends string = ""> = Text extends `${infer Char}${infer Rest}`
  ? Char extends NameEnd
    ? [Name, Text]
    : TakeId<Rest, `${Name}${Char}`>
  : [Name, ""];

/** `Depth` has an element for each open brace: within any, a parameter may be missing. */
type Member<Depth extends readonly unknown[], Name extends string, Value> = Depth extends readonly []
  ? { readonly [Key in Name]: Value }
  : { readonly [Key in Name]?: Value };

type Named<Text extends string, Depth extends readonly unknown[], Found, Value> =
  TakeName<Text> extends [infer Name extends string, infer Rest extends string]
    ? Scan<Rest, Depth, Found & Member<Depth, Name, Value>>
    : never;

type Close<Depth extends readonly unknown[]> = Depth extends readonly [unknown, ...infer Outer] ? Outer : [];

type Marked = `${string}${":" | "*" | "{" | "}" | "\\"}${string}`;

/** Goes straight to the next `:`, or past a segment without marks; only what is left goes by character: recursion is bounded. */
type Scan<Text extends string, Depth extends readonly unknown[], Found> = Text extends Marked
  ? Text extends `${infer Before}:${infer Rest}`
    ? Before extends Marked
      ? ScanSegment<Text, Depth, Found>
      : Named<Rest, Depth, Found, string>
    : ScanSegment<Text, Depth, Found>
  : Found;

type ScanSegment<Text extends string, Depth extends readonly unknown[], Found> = Text extends `${infer Segment}/${infer Rest}`
  ? Segment extends Marked
    ? ScanChar<Text, Depth, Found>
    : Scan<Rest, Depth, Found>
  : ScanChar<Text, Depth, Found>;

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

type Simplify<T> = { readonly [Key in keyof T]: T[Key] } & {};

/**
 * The arguments that a path's parameters give: `:name` is text, `*name` a list of texts, and what stands in braces may
 * be missing. A path that is known only at run time has arguments of any name.
 */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string | readonly string[]>>
  : Path extends `${string}${":" | "*"}${string}`
    ? Simplify<Scan<Path, [], {}>>
    : {};

/** Most rules have no host, no converters and no defaults: what these would change is then left as it is, which is cheaper. */
type Given<Path extends string, Host extends string> = string extends Host
  ? PathParams<Path>
  : Host extends ""
    ? PathParams<Path>
    : Simplify<PathParams<Path> & PathParams<Host>>;

/** The parameters with what their converters read. */
type Read<Params, Where> = keyof Where extends never
  ? Params
  : {
      readonly [Key in keyof Params]: Key extends keyof Where
        ? NonNullable<Params[Key]> extends readonly unknown[]
          ? readonly Converted<Where[Key]>[]
          : Converted<Where[Key]>
        : Params[Key];
    };

/** With defaults nothing is missing that they name. */
type Filled<Params, Defaults> = keyof Defaults extends never
  ? Params
  : Simplify<
      Omit<Params, keyof Defaults> & {
        readonly [Key in keyof Defaults]: Key extends keyof Params ? NonNullable<Params[Key]> : Defaults[Key];
      }
    >;

/** What a rule's defaults must fit: of a parameter, what its converter reads. */
export type DefaultsFor<Path extends string, Host extends string, Where> = string extends Path
  ? unknown
  : Partial<Read<Given<Path, Host>, Where>>;

/** The arguments that a handler's method gets. */
export type RuleArgs<Path extends string, Host extends string, Where, Defaults> = Filled<Read<Given<Path, Host>, Where>, Defaults>;

type Scalar = string | number | bigint | boolean;

/** The `& {}` makes messages show what it is, not its name. */
type Written<Params, Where> = {
  readonly [Key in keyof Params]: NonNullable<Params[Key]> extends readonly unknown[]
    ? readonly (Key extends keyof Where ? Converted<Where[Key]> : Scalar)[]
    : Key extends keyof Where
      ? Converted<Where[Key]>
      : Scalar;
} & {};

type OptionalKey<Params> = { [Key in keyof Params]-?: {} extends Pick<Params, Key> ? Key : never }[keyof Params];

/** What may be left out may also be given as none. */
type Loose<Params, Optional extends PropertyKey> = [Optional] extends [never]
  ? Params
  : Simplify<
      { readonly [Key in Exclude<keyof Params, Optional>]: Params[Key] } & {
        readonly [Key in keyof Params & Optional]?: Params[Key] | null | undefined;
      }
    >;

/** The arguments that `urlFor()` needs; what has a default may be missing. */
export type UrlParams<Path extends string, Host extends string, Where, Defaults> = Loose<
  Written<Given<Path, Host>, Where>,
  OptionalKey<Given<Path, Host>> | keyof Defaults
>;
