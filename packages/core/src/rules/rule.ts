import type { Converter } from "./converter.ts";
import { RuleError } from "../http/errors.ts";
import { isToken } from "../http/field-syntax.ts";
import type { DefaultsFor, RuleArgs } from "./rule-types.ts";

/** The least a rule asks of a handler's class. */
export type HandlerLike = abstract new (context: never) => object;

/** Converters by the parameter they read. */
export type Converters = Readonly<Record<string, Converter<unknown>>>;

/** Where a rule that only redirects sends its requests; the query is kept, and the status is 308. */
export type RedirectTarget<Args = Readonly<Record<string, unknown>>> =
  /** A pattern with the rule's parameters, from the root of the site: `/users/:id`; or with scheme and host before it. */
  | string
  /** The URL of an endpoint; what its path has no place for becomes the query. */
  | { readonly endpoint: string }
  /** Gives a URL that is already encoded. A path stays on this site; a whole http(s) URL need not, so none may begin with an argument. */
  | ((args: Args) => string);

/** What a rule says beside its path. */
export interface RuleOptions<
  Path extends string = string,
  Name extends string = string,
  Handler extends HandlerLike = HandlerLike,
  Action extends string = string,
  Method extends string = string,
  Where extends Converters = Converters,
  Host extends string = string,
  Defaults extends object = object,
> {
  /** Name for `urlFor()`; several rules may share one. */
  readonly endpoint?: Name | undefined;
  /** What answers: a class, or a function that loads one, called at the first match and once. */
  readonly handler?: Handler | (() => Promise<Handler>) | undefined;
  /** Method of the handler that is called, in place of the one named after the HTTP method. */
  readonly action?: Action | undefined;
  /** HTTP methods that the rule answers, in any case of letters; left out, those the handler has. */
  readonly methods?: readonly Method[] | undefined;
  /** What reads the values of parameters; one that refuses a value makes the next rule be tried. */
  readonly where?: Where | undefined;
  /** Pattern of the host, without a port: `:tenant.example.org`. Its parameters are arguments like the path's. Left out, any host. */
  readonly host?: Host | undefined;
  /**
   * Arguments that the path does not give, or may leave out. The rule that has an endpoint's arguments as defaults is
   * their canonical URL: others are redirected to it.
   */
  readonly defaults?: (Defaults & DefaultsFor<Path, Host, Where>) | undefined;
  /** In place of a handler: where requests are sent. */
  readonly redirectTo?: RedirectTarget<RuleArgs<Path, Host, Where, Defaults>> | undefined;
  /** Whether the rule only builds URLs and answers nothing. Default false. */
  readonly buildOnly?: boolean | undefined;
  /** `false`: the path is answered with a final slash and without, in place of a redirect. Default true. */
  readonly strictSlashes?: boolean | undefined;
}

/**
 * Maps a path to a handler.
 *
 * The path is a pattern of path-to-regexp 9: `/users/:id` has one segment as a parameter, `/files/*path` one or more,
 * `/posts{/:page}` may leave out what is in braces. It is compared with the request's path before anything is decoded,
 * letter case counts.
 *
 * Whether handler and path fit each other is checked where rules are given to an `App`.
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
> {
  readonly path: Path;
  readonly endpoint: string | undefined;
  readonly handler: Handler | (() => Promise<Handler>) | undefined;
  readonly action: string | undefined;
  /** In upper case; `undefined`: what the handler has. */
  readonly methods: readonly string[] | undefined;
  readonly where: Converters;
  readonly host: string | undefined;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly redirectTo: RedirectTarget | undefined;
  readonly buildOnly: boolean;
  readonly strictSlashes: boolean;

  /** @throws RuleError for a path that is no text and for methods that are no list of HTTP methods. */
  constructor(path: Path, options: RuleOptions<Path, Name, Handler, Action, Method, Where, Host, Defaults> = {}) {
    const { endpoint, handler, action, methods, where, host, defaults, redirectTo, buildOnly = false, strictSlashes = true } = options;
    if (typeof path !== "string")
      throw new RuleError(['A rule has no path: the first argument of new Rule() must be text such as "/users/:id".']);
    if (
      methods !== undefined &&
      !(Array.isArray(methods) && methods.length > 0 && methods.every((name) => typeof name === "string" && isToken(name)))
    ) {
      throw new RuleError([`The rule "${path}" has methods that are no list of HTTP methods; write methods: ["GET", "POST"].`]);
    }
    this.path = path;
    this.endpoint = endpoint;
    this.handler = handler;
    this.action = action;
    this.methods = methods === undefined ? undefined : [...new Set(methods.map((name) => name.toUpperCase()))];
    this.where = Object.freeze({ ...where });
    this.host = host;
    this.defaults = Object.freeze({ ...(defaults as Record<string, unknown> | undefined) });
    this.redirectTo = redirectTo as RedirectTarget | undefined;
    this.buildOnly = buildOnly;
    this.strictSlashes = strictSlashes;
  }
}

/** Any rule, whatever the compiler knows of it. */
export type AnyRule = Rule<string, string, HandlerLike, string, string, Converters, string, object>;

/** Whether a rule's handler is a function that loads the class, and not the class. */
export function isLazy(handler: unknown): handler is () => Promise<unknown> {
  // The prototype of a class, unlike a function's, cannot be replaced.
  return typeof handler === "function" && Object.getOwnPropertyDescriptor(handler, "prototype")?.writable !== false;
}
