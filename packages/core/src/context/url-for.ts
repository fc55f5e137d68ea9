import { running } from "./local.ts";
import type { UrlParams } from "../rules/rule-types.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";
import type { HandlerLike, Rule } from "../rules/rule.ts";

/**
 * Where an application tells the compiler its rules, so that {@link urlFor} knows endpoints and parameters:
 * `interface Register { rules: typeof rules }`, augmenting `"@mini/core"`.
 */
export interface Register {}

type Rules = Register extends { readonly rules: infer Given } ? Given : never;
type RuleUnion = Rules extends readonly (infer Each)[] ? Each : never;

/** What the URL of each endpoint needs; of an endpoint with several rules, what any of them needs. */
type Endpoints = {
  readonly [
    Each in RuleUnion as Each extends Rule<string, infer Name, HandlerLike, string, string, infer _Where, string, object> ? Name : never
  ]: Each extends Rule<infer Path, string, HandlerLike, string, string, infer Where, infer Host, infer Defaults>
    ? UrlParams<Path, Host, Where, Defaults>
    : never;
};

type Query = Readonly<Record<string, unknown>>;
type Args<Params> = Params extends unknown ? Params & Query : never;

/** What fits each of several names, since any may be meant; of one name, its arguments. */
type Common<Name> = (Name extends keyof Endpoints ? (args: Args<Endpoints[Name]>) => void : never) extends (
  args: infer All extends Query,
) => void
  ? All
  : never;

/** Endpoint names of the registered rules; any text as long as none are registered. */
export type Endpoint = [Rules] extends [never] ? string : keyof Endpoints & string;

type Rest<Name extends Endpoint> = [Rules] extends [never]
  ? [args?: Query, options?: UrlOptions]
  : {} extends Common<Name>
    ? [args?: Common<Name>, options?: UrlOptions]
    : [args: Common<Name>, options?: UrlOptions];

/**
 * The URL of an endpoint. Arguments that the path has no place for become the query: a list repeats its name,
 * `null` and `undefined` are left out. Of several rules with the endpoint the one is taken that uses most arguments.
 *
 * @throws BuildError naming what is missing or cannot be written into a URL; LocalError outside a request, where
 *   `app.urlFor()` does the same.
 */
export function urlFor<Name extends Endpoint>(endpoint: Name, ...[args, options]: Rest<Name>): string {
  return running("build a URL").app.urlFor(endpoint, args, options);
}
