import type { EndpointArgs, UrlParams } from "./rule-types.ts";
import type { HandlerLike, Rule } from "./rule.ts";

// The types of App.urlFor(). The function urlFor() has other types, without parameters: the compiler computes those once for all
// registered rules, and these for every call.

/** The arguments of each endpoint; those of an endpoint with several rules are the arguments of any of them. */
type EndpointsOf<Each> = {
  readonly [
    One in Each as One extends Rule<string, infer Name, HandlerLike, string, string, infer _Where, string, object> ? Name : never
  ]: One extends Rule<infer Path, string, HandlerLike, string, string, infer Where, infer Host, infer Defaults, infer Query>
    ? EndpointArgs<UrlParams<Path, Host, Where, Defaults>, Query>
    : never;
};

/** Arguments of any name, which become the query. */
type Query = Readonly<Record<string, unknown>>;

/** The arguments of an endpoint; for a union of endpoints, arguments that fit each of them. */
type Common<All, Name> = (Name extends keyof All ? (args: All[Name]) => void : never) extends (args: infer Each extends Query) => void
  ? Each
  : never;

/** `true` for a rule whose path is known only at run time. */
type IsWide<Each> =
  Each extends Rule<infer Path, string, HandlerLike, string, string, infer _Where, string, object>
    ? string extends Path
      ? true
      : never
    : true;

/** The endpoints of a list of rules, and the arguments of each; `never` if a rule is known only at run time. */
export type KnownEndpoints<Rules extends readonly unknown[]> = [IsWide<Rules[number]>] extends [never] ? EndpointsOf<Rules[number]> : never;

/** The names of endpoints; any text if they are not known. */
export type EndpointName<Endpoints> = [Endpoints] extends [never] ? string : keyof Endpoints & string;

/** The parameters of `urlFor()` after the endpoint. */
export type UrlForRest<Endpoints, Name extends string, Options> = [Endpoints] extends [never]
  ? [args?: Query, options?: Options]
  : {} extends Common<Endpoints, Name>
    ? [args?: Common<Endpoints, Name>, options?: Options]
    : [args: Common<Endpoints, Name>, options?: Options];
