import { RuleError } from "./errors.ts";

/** The least a rule asks of a handler's class. */
export type HandlerLike = abstract new (context: never) => object;

/** What a rule says beside its path. */
export interface RuleOptions<
  Name extends string = string,
  Handler extends HandlerLike = HandlerLike,
  Action extends string = string,
  Method extends string = string,
> {
  /** Name for `urlFor()`; several rules may share one. */
  readonly endpoint?: Name | undefined;
  /** What answers: a class, or a function that loads one, called at the first match and once. */
  readonly handler?: Handler | (() => Promise<Handler>) | undefined;
  /** Method of the handler that is called, in place of the one named after the HTTP method. */
  readonly action?: Action | undefined;
  /** HTTP methods that the rule answers, in any case of letters; left out, those the handler has. */
  readonly methods?: readonly Method[] | undefined;
  /** `false`: the path is answered with a final slash and without, in place of a redirect. Default true. */
  readonly strictSlashes?: boolean | undefined;
}

const token = /^[!#$%&'*+.^_`|~\w-]+$/;

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
> {
  readonly path: Path;
  readonly endpoint: string | undefined;
  readonly handler: Handler | (() => Promise<Handler>) | undefined;
  readonly action: string | undefined;
  /** In upper case; `undefined`: what the handler has. */
  readonly methods: readonly string[] | undefined;
  readonly strictSlashes: boolean;

  /** @throws RuleError for a path that is no text and for methods that are no list of HTTP methods. */
  constructor(path: Path, { endpoint, handler, action, methods, strictSlashes = true }: RuleOptions<Name, Handler, Action, Method> = {}) {
    if (typeof path !== "string")
      throw new RuleError(['A rule has no path: the first argument of new Rule() must be text such as "/users/:id".']);
    if (methods !== undefined && !(Array.isArray(methods) && methods.length > 0 && methods.every((name) => token.test(name)))) {
      throw new RuleError([`The rule "${path}" has methods that are no list of HTTP methods; write methods: ["GET", "POST"].`]);
    }
    this.path = path;
    this.endpoint = endpoint;
    this.handler = handler;
    this.action = action;
    this.methods = methods === undefined ? undefined : [...new Set(methods.map((name) => name.toUpperCase()))];
    this.strictSlashes = strictSlashes;
  }

  /** Carries what only the compiler needs; never there. */
  types?(carried: readonly [Name, Action, Method]): void;
}

/** Whether a rule's handler is a function that loads the class, and not the class. */
export function isLazy(handler: unknown): handler is () => Promise<unknown> {
  // The prototype of a class, unlike a function's, can not be replaced.
  return typeof handler === "function" && Object.getOwnPropertyDescriptor(handler, "prototype")?.writable !== false;
}
