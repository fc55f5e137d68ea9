import { RuleError } from "./errors.ts";
import type { Converters } from "./converter.ts";
import { Rule, type AnyRule, type HandlerLike } from "./rule.ts";

/** Text without the slash at its end. */
type TrimSlash<Text extends string> = Text extends `${infer Start}/` ? Start : Text;

/** The type of a rule with a prefix before its path. */
type Mounted<Prefix extends string, Each> =
  Each extends Rule<infer Path, infer Name, infer Handler, infer Action, infer Method, infer Where, infer Host, infer Defaults, infer Query>
    ? Rule<`${TrimSlash<Prefix>}${Path}`, Name, Handler, Action, Method, Where, Host, Defaults, Query>
    : Each;

/** The type of a rule with a prefix before its endpoint. */
type Named<Prefix extends string, Each> =
  Each extends Rule<infer Path, infer Name, infer Handler, infer Action, infer Method, infer Where, infer Host, infer Defaults, infer Query>
    ? Rule<Path, [Name] extends [never] ? never : `${Prefix}${Name}`, Handler, Action, Method, Where, Host, Defaults, Query>
    : Each;

/** The type of a rule with a pattern for its host, unless it already has one. */
type Hosted<Pattern extends string, Each> =
  Each extends Rule<infer Path, infer Name, infer Handler, infer Action, infer Method, infer Where, infer Own, infer Defaults, infer Query>
    ? Rule<Path, Name, Handler, Action, Method, Where, Own extends "" ? Pattern : Own, Defaults, Query>
    : Each;

/** A changed copy of each rule. Anything that is not a rule is left as it is, and the `App` refuses it. */
function derive(
  factory: string,
  given: string,
  rules: readonly unknown[],
  change: (rule: AnyRule) => { readonly path?: string; readonly endpoint?: string | undefined; readonly host?: string },
): readonly unknown[] {
  if (typeof given !== "string") throw new RuleError([`The first argument of ${factory}() must be text.`]);
  if (!Array.isArray(rules))
    throw new RuleError([`The second argument of ${factory}(${JSON.stringify(given)}, rules) must be an array of rules.`]);
  return rules.map((rule: unknown) => {
    if (!(rule instanceof Rule)) return rule;
    const each = rule as AnyRule;
    const { handler, action, methods, where, defaults, redirectTo, buildOnly, strictSlashes, appMiddleware, maxBodySize, query } = each;
    const { path, endpoint, host } = { path: each.path, endpoint: each.endpoint, host: each.host, ...change(each) };
    const settings = { redirectTo, buildOnly, strictSlashes, appMiddleware, maxBodySize, query };
    const options = { endpoint, handler, action, methods, where, host, defaults, ...settings };
    return new Rule<string, string, HandlerLike, string, string, Converters, string, object>(path, options);
  });
}

/**
 * The rules with a prefix before their paths: `...Submount("/blog", [new Rule("/:slug")])` has the path `/blog/:slug`. A final
 * slash of the prefix is ignored. Factories can be nested.
 */
export function Submount<const Prefix extends string, const Rules extends readonly unknown[]>(
  prefix: Prefix,
  rules: Rules,
): { readonly [Key in keyof Rules]: Mounted<Prefix, Rules[Key]> } {
  return derive("Submount", prefix, rules, ({ path }) => ({ path: prefix.replace(/\/$/, "") + path })) as never;
}

/** The rules with a pattern for their host. Rules that already have a host keep it. */
export function Host<const Pattern extends string, const Rules extends readonly unknown[]>(
  pattern: Pattern,
  rules: Rules,
): { readonly [Key in keyof Rules]: Hosted<Pattern, Rules[Key]> } {
  return derive("Host", pattern, rules, ({ host = pattern }) => ({ host })) as never;
}

/** The rules with a prefix before their endpoints. Rules without an endpoint do not get one. */
export function EndpointPrefix<const Prefix extends string, const Rules extends readonly unknown[]>(
  prefix: Prefix,
  rules: Rules,
): { readonly [Key in keyof Rules]: Named<Prefix, Rules[Key]> } {
  return derive("EndpointPrefix", prefix, rules, ({ endpoint }) => ({
    endpoint: endpoint === undefined ? undefined : prefix + endpoint,
  })) as never;
}
