import { EmptyArgs } from "./arg-reader.ts";
import type { Converters } from "./converter.ts";
import { RuleError } from "./errors.ts";
import { isSchema, type StandardSchema } from "../forms/schema.ts";
import { isToken } from "../http/headers.ts";
import type { DefaultsFor, RuleArgs } from "./rule-types.ts";

/** What a rule needs from a handler class. Its methods are checked where the rules are passed to an `App`. */
export type HandlerLike = abstract new (context: never) => object;

/** The schema of a rule's query; `undefined` for a rule without one. */
export type QuerySchema = StandardSchema | undefined;

/** The target of a rule that redirects. The query of the request is kept, and the status is 308. */
export type RedirectTarget<Args = Readonly<Record<string, unknown>>> =
  /** A pattern with the rule's parameters: a path such as `/users/:id`, or a URL with scheme and host. */
  | string
  /** The URL of an endpoint. Arguments that are not in its path become the query. */
  | { readonly endpoint: string }
  /**
   * A function that returns an encoded URL. A path stays on this site; an http(s) URL may leave it, so never begin the URL with an
   * argument.
   */
  // With any, the type of the rules, which urlFor() needs, does not depend on what the function returns.
  // oxlint-disable-next-line typescript/no-explicit-any
  | ((args: Args) => any);

/** The options of a {@link Rule}. */
export interface RuleOptions<
  Path extends string = string,
  Name extends string = string,
  Handler extends HandlerLike = HandlerLike,
  Action extends string = string,
  Method extends string = string,
  Where extends Converters = Converters,
  Host extends string = string,
  Defaults extends object = object,
  Query extends QuerySchema = QuerySchema,
> {
  /** Name for `urlFor()`. Several rules may share one. */
  readonly endpoint?: Name | undefined;
  /** The class that answers, or a function that loads it, called once, at the first match. */
  readonly handler?: Handler | (() => Promise<Handler>) | undefined;
  /** The method of the handler to call, instead of the one named after the HTTP method. It answers GET only if `methods` lists it. */
  readonly action?: Action | undefined;
  /** HTTP methods that the rule answers, in upper or lower case. Default: the methods of the handler. */
  readonly methods?: readonly Method[] | undefined;
  /** Converters of parameters. If one refuses a value, the next rule is tried. */
  readonly where?: Where | undefined;
  /** Pattern of the host, without a port: `:tenant.example.org`. Its parameters become arguments like those of the path. Default: any host. */
  readonly host?: Host | undefined;
  /**
   * Arguments that the path does not have, or may omit. If a rule has the arguments of a request as its defaults, its URL is the
   * canonical one: requests for other URLs of the endpoint are redirected to it.
   */
  readonly defaults?: (Defaults & DefaultsFor<Path, Host, Where>) | undefined;
  /** Where requests are redirected, instead of a handler. */
  readonly redirectTo?: NoInfer<RedirectTarget<RuleArgs<Path, Host, Where, Defaults>>> | undefined;
  /** Whether the rule only builds URLs and answers no request. Default false. */
  readonly buildOnly?: boolean | undefined;
  /** Whether a request that lacks the final slash is redirected. With `false`, the path is answered with the slash and without. Default true. */
  readonly strictSlashes?: boolean | undefined;
  /**
   * Whether the middleware of the application runs around the handler. With `false`, only the handler's own middleware and
   * `SecurityHeaders` run. Default true.
   */
  readonly appMiddleware?: boolean | undefined;
  /**
   * The schema of the query. The method of the handler gets its output as the second argument, and a query that it refuses is answered with 422.
   * `urlFor()` takes its input among the arguments.
   */
  readonly query?: Query | undefined;
  /** The most bytes of a request's body. Default: that of the `App`. */
  readonly maxBodySize?: number | undefined;
}

/**
 * Maps a path to a handler.
 *
 * The path is a pattern of path-to-regexp 9: in `/users/:id`, `:id` is one segment; in `/files/*path`, `*path` is one or more; in
 * `/posts{/:page}`, the part in braces is optional. The pattern is compared with the path as it was sent, before decoding, and it
 * is case-sensitive.
 *
 * An `App` checks whether its handlers accept the parameters of their rules.
 */
export class Rule<
  const Path extends string = string,
  const Name extends string = never,
  Handler extends HandlerLike = HandlerLike,
  const Action extends string = never,
  const Method extends string = string,
  Where extends Converters = {},
  const Host extends string = "",
  Defaults extends object = {},
  Query extends QuerySchema = QuerySchema,
> {
  readonly path: Path;
  readonly endpoint: string | undefined;
  readonly handler: Handler | (() => Promise<Handler>) | undefined;
  readonly action: string | undefined;
  /** In upper case; `undefined`: those that the handler has. */
  readonly methods: readonly string[] | undefined;
  /** Inherits nothing, and neither does {@link defaults}. */
  readonly where: Converters;
  readonly host: string | undefined;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly redirectTo: RedirectTarget | undefined;
  readonly buildOnly: boolean;
  readonly strictSlashes: boolean;
  readonly appMiddleware: boolean;
  readonly query: Query | undefined;
  /** In bytes; `undefined`: that of the application. */
  readonly maxBodySize: number | undefined;

  /** @throws RuleError if the path is not text, or methods is not an array of HTTP methods. */
  constructor(path: Path, options: RuleOptions<Path, Name, Handler, Action, Method, Where, Host, Defaults, Query> = {}) {
    const { endpoint, handler, action, methods, where, host, defaults, redirectTo } = options;
    const { buildOnly = false, strictSlashes = true, appMiddleware = true, maxBodySize, query } = options;
    if (typeof path !== "string") throw new RuleError(['The path of a rule must be text such as "/users/:id".']);
    if (
      methods !== undefined &&
      !(Array.isArray(methods) && methods.length > 0 && methods.every((name) => typeof name === "string" && isToken(name)))
    ) {
      throw new RuleError([`The methods of the rule "${path}" must be an array of HTTP methods, such as ["GET", "POST"].`]);
    }
    if (maxBodySize !== undefined && !(Number.isInteger(maxBodySize) && maxBodySize >= 0))
      throw new RuleError([`The maxBodySize of the rule "${path}" must be a whole number of bytes, 0 or more.`]);
    if (query !== undefined && !isSchema(query))
      throw new RuleError([
        `The query of the rule "${path}" must be a schema that follows Standard Schema, such as one of zod, valibot or arktype.`,
      ]);
    this.path = path;
    this.endpoint = endpoint;
    this.handler = handler;
    this.action = action;
    this.methods = methods === undefined ? undefined : [...new Set(methods.map((name) => name.toUpperCase()))];
    this.where = named(where);
    this.host = host;
    this.defaults = named(defaults as Record<string, unknown> | undefined);
    this.redirectTo = redirectTo as RedirectTarget | undefined;
    this.buildOnly = buildOnly;
    this.strictSlashes = strictSlashes;
    this.appMiddleware = appMiddleware;
    this.maxBodySize = maxBodySize;
    this.query = query;
  }
}

/** A copy that inherits nothing, so that every name that is found in it was given. */
function named<Value>(values: Readonly<Record<string, Value>> | undefined): Readonly<Record<string, Value>> {
  return Object.freeze(Object.assign(new EmptyArgs(), values));
}

/** A rule of any type. */
export type AnyRule = Rule<string, string, HandlerLike, string, string, Converters, string, object>;

/** Whether a rule's handler is a function that loads the class, and not the class. */
export function isLazy(handler: unknown): handler is () => Promise<unknown> {
  // The prototype of a class, unlike a function's, cannot be replaced.
  return typeof handler === "function" && Object.getOwnPropertyDescriptor(handler, "prototype")?.writable !== false;
}
