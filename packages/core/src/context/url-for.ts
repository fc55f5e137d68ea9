import { running } from "./running-request.ts";
import type { EndpointArgs, UrlParams } from "../rules/rule-types.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";
import type { HandlerLike, Rule } from "../rules/rule.ts";

/**
 * Tells the compiler the rules of an application, so that {@link urlFor} knows its endpoints and parameters: augment this interface
 * of `"@mini/core"` with `interface Register { rules: typeof rules }`.
 */
export interface Register {}

/** The registered rules; `never` if there are none. */
type Rules = Register extends { readonly rules: infer Given } ? Given : never;
type RuleUnion = Rules extends readonly (infer Each)[] ? Each : never;

/** The arguments of each endpoint; those of an endpoint with several rules are the arguments of any of them. */
type Endpoints = {
  readonly [
    Each in RuleUnion as Each extends Rule<string, infer Name, HandlerLike, string, string, infer _Where, string, object> ? Name : never
  ]: Each extends Rule<infer Path, string, HandlerLike, string, string, infer Where, infer Host, infer Defaults, infer Query>
    ? EndpointArgs<UrlParams<Path, Host, Where, Defaults>, Query>
    : never;
};

/** Arguments of any name, which become the query. */
type Query = Readonly<Record<string, unknown>>;

/** The arguments of an endpoint; for a union of endpoints, arguments that fit each of them. */
type Common<Name> = (Name extends keyof Endpoints ? (args: Endpoints[Name]) => void : never) extends (args: infer All extends Query) => void
  ? All
  : never;

/** The endpoints of the registered rules; any text if none are registered. */
export type Endpoint = [Rules] extends [never] ? string : keyof Endpoints & string;

/** The parameters of `urlFor()` after the endpoint. */
type Rest<Name extends Endpoint> = [Rules] extends [never]
  ? [args?: Query, options?: UrlOptions]
  : {} extends Common<Name>
    ? [args?: Common<Name>, options?: UrlOptions]
    : [args: Common<Name>, options?: UrlOptions];

/**
 * The URL of an endpoint. Arguments that are not in the path become the query: an array repeats its name, `null` and `undefined`
 * are omitted. If several rules have the endpoint, the one that uses the most arguments is used.
 *
 * @throws BuildError that names what is missing or cannot be written into a URL; LocalError outside a request, where `app.urlFor()`
 *   does the same.
 */
export function urlFor<Name extends Endpoint>(endpoint: Name, ...[args, options]: Rest<Name>): string {
  return running("build a URL").app.urlFor(endpoint, args, options);
}
