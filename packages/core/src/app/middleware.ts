import type { Application } from "../context/application.ts";
import { type HandlerClass, isPromise, type Middleware, type MiddlewareClass, type MiddlewareList, RequestHandler } from "./handler.ts";
import { ConfigError } from "../http/errors.ts";
import type { Context } from "../context/context.ts";
import type { FlatHeaders } from "../http/headers.ts";

/**
 * The method by which the registry recognizes `SecurityHeaders`, so that an application that does not list the class does not load
 * it.
 */
export const completeHeaders = Symbol("completeHeaders");

/** Middleware that adds headers to every response, including those that do not pass hooks. */
export interface HeaderMiddleware extends Middleware {
  [completeHeaders](headers: FlatHeaders, context: Context): FlatHeaders;
}

const completesHeaders = (each: Middleware): each is HeaderMiddleware => completeHeaders in each;

/** The middleware around the methods of one handler class, that of the application first. */
export interface MiddlewareStack {
  readonly middleware: readonly Middleware[];
  /** How many of them, from the first, belong to the application. */
  readonly appLevelCount: number;
  /** The security headers of every response to a request that runs this middleware; `undefined` if no list has `SecurityHeaders`. */
  readonly securityHeaders: HeaderMiddleware | undefined;
}

/** Makes one instance of each middleware class, and knows which names of `local` they provide. */
export class MiddlewareRegistry {
  readonly #app: Application;
  readonly #instances = new Map<MiddlewareClass, Middleware>();
  readonly #providers = new Map<string, string>();
  readonly #appLevel: readonly Middleware[];

  constructor(app: Application, appLevel: MiddlewareList) {
    this.#app = app;
    this.#appLevel = this.#resolve(appLevel, "the application");
  }

  provider(name: string): string | undefined {
    return this.#providers.get(name);
  }

  /**
   * The middleware of a handler class. Middleware that is listed twice runs once.
   *
   * @param withAppLevel - Whether the middleware of the application runs too. Its `SecurityHeaders` always runs.
   */
  stack(handler: HandlerClass, withAppLevel = true): MiddlewareStack {
    const own = this.#resolve(handler.middleware, handler.name);
    const appLevel = withAppLevel ? this.#appLevel : this.#appLevel.filter(completesHeaders);
    const middleware = [...new Set([...appLevel, ...own])];
    const securityHeaders = middleware.find(completesHeaders);
    return { middleware, appLevelCount: appLevel.length, securityHeaders };
  }

  #resolve(list: MiddlewareList, owner: string): readonly Middleware[] {
    if (!Array.isArray(list)) throw new ConfigError(`The middleware of ${owner} must be an array of classes or instances.`);
    return [...new Set(list.map((item: MiddlewareClass | Middleware) => this.#instance(item, owner)))];
  }

  #instance(item: MiddlewareClass | Middleware, owner: string): Middleware {
    const problem = problemOf(item);
    if (problem !== undefined) throw new ConfigError(`The middleware of ${owner} has an entry that is ${problem}.`);
    const from = typeof item === "object" ? (item.constructor as MiddlewareClass | undefined) : item;
    for (const name of from?.provides ?? []) this.#providers.set(name, from!.name);
    if (typeof item === "object") return item;
    const instance = this.#instances.get(item) ?? new item(this.#app);
    this.#instances.set(item, instance);
    return instance;
  }
}

const hooks = ["beforeDispatch", "afterDispatch", "handleException"] as const;
const hasHook = (item: object) => hooks.some((name) => name in item);

/** What an entry of a list is, if it is not middleware, and what to write instead. */
function problemOf(item: unknown): string | undefined {
  if (typeof item === "function") {
    const prototype: unknown = item.prototype;
    if (prototype instanceof RequestHandler) return `the handler ${item.name}; list middleware only`;
    // The prototype of a class, unlike that of a function, cannot be replaced.
    const isClass = Object.getOwnPropertyDescriptor(item, "prototype")?.writable === false;
    if (isClass || (typeof prototype === "object" && prototype !== null && hasHook(prototype))) return undefined;
    return `the function ${item.name || "() => ..."}; write a class with a hook: ${hooks.join(", ")}`;
  }
  if (typeof item !== "object" || item === null)
    return "neither a class nor an instance; if it is undefined, the cause can be a circular import";
  if (Array.isArray(item)) return "an array; spread it, ...list";
  if (isPromise(item)) return "a promise; await it first";
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(item) as object | null);
  return isPlain && !hasHook(item) ? `an object without a hook: ${hooks.join(", ")}` : undefined;
}
