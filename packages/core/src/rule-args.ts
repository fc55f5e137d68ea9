import type { RuleCandidate } from "./compiled-rule.ts";
import type { FlatToken } from "./pattern.ts";
import type { Converters } from "./rule.ts";

/** Arguments by name, without a prototype; a list for a wildcard. */
export type Args = Readonly<Record<string, unknown>>;

const none: Args = Object.freeze(Object.create(null) as Args);

/**
 * The arguments that a path, and a host, give to the rule they were found for; `undefined`: a converter refuses one.
 *
 * @throws URIError for a malformed escape in a value.
 */
export function readArgs({ readers, target }: RuleCandidate<unknown>, path: string, host: string | undefined): Args | undefined {
  if (target.args.size === 0) return none;
  const { where, defaults } = target.rule;
  const args = Object.assign(Object.create(null) as Record<string, unknown>, defaults);
  if (target.host !== undefined) {
    const i = target.host.readers.findIndex((read) => {
      const values = read(host!);
      return (
        values !== undefined && fill(args, target.host!.alternatives[target.host!.readers.indexOf(read)]!.tokens, values, where, String)
      );
    });
    if (i === -1) return undefined;
  }
  for (const [alternative, read] of readers) {
    const values = read(path);
    if (values !== undefined && fill(args, alternative.tokens, values, where, decode)) return args;
  }
  return undefined;
}

const decode = (text: string) => (text.includes("%") ? decodeURIComponent(text) : text);

/** Sets the arguments; `false`, and none is set, when a converter refuses one. */
function fill(
  args: Record<string, unknown>,
  tokens: readonly FlatToken[],
  values: readonly string[],
  where: Converters,
  decoder: (text: string) => string,
): boolean {
  const read: [string, unknown][] = [];
  let at = 0;
  for (const token of tokens) {
    if (token.type === "text") continue;
    const { name } = token;
    const text = values[at++]!;
    const converter = Object.hasOwn(where, name) ? where[name] : undefined;
    const convert = (each: string): unknown => (converter === undefined ? decoder(each) : converter.parse(decoder(each)));
    const value: unknown = token.type === "param" ? convert(text) : text.split("/").map(convert);
    if (value === undefined || (Array.isArray(value) && value.includes(undefined))) return false;
    read.push([name, value]);
  }
  for (const [name, value] of read) args[name] = value;
  return true;
}
