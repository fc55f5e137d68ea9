import type { Application } from "../context/application.ts";
import type { Context } from "../context/context.ts";
import { Html, htmlResponse } from "../http/html.ts";
import type { Local } from "../context/running-request.ts";
import type { Request } from "../context/request.ts";
import { knownMethods } from "../http/methods.ts";
import { adopt, claim, Response } from "../http/response.ts";

declare module "../context/running-request.ts" {
  interface Local {
    readonly handler: RequestHandler;
  }
}

/** What a method of a handler returns, or what its promise gives. */
export type HandlerResult = Response | globalThis.Response | Html;

/**
 * Hooks around handlers. One instance serves all requests of an application, so anything that belongs to a request must be kept in
 * `local`.
 */
export interface Middleware {
  /** Called in the order of the list. If it returns a response, that is the answer, and what comes after is not called. */
  beforeDispatch?(handler: RequestHandler): MiddlewareAnswer;
  /** Called in reverse order, for each middleware that was reached before the answer. Returns the response to go on with. */
  afterDispatch?(handler: RequestHandler, response: Response): Response | globalThis.Response | Promise<Response | globalThis.Response>;
  /** Called in reverse order for an error. The first that returns a response answers it. */
  handleException?(handler: RequestHandler, error: unknown): MiddlewareAnswer;
}

export type MiddlewareAnswer =
  | void
  | undefined
  | Response
  | globalThis.Response
  | Promise<void | undefined | Response | globalThis.Response>;

/** A middleware class. Each application makes one instance of it. */
export interface MiddlewareClass {
  new (app: Application): Middleware;
  /** Names of `local` that the middleware sets, which a `LocalError` mentions. */
  readonly provides?: readonly (keyof Local)[];
}

/** Middleware in the order in which it runs: classes, or instances that you have made. */
export type MiddlewareList = readonly (MiddlewareClass | Middleware)[];

/**
 * The base class of request handlers. A handler has a method for each HTTP method that it answers: `get`, `post`, `put`, `patch`,
 * `delete`, `head`, `options`. Each gets the arguments of the rule as one object. Without `head`, `get` answers HEAD; without
 * `options`, the framework answers OPTIONS. One instance is made for each request. Do not write a constructor.
 */
export class RequestHandler {
  /** The middleware around the methods. It is inherited; `[...Base.middleware, Other]` adds to it. */
  static middleware: MiddlewareList = [];

  readonly app: Application;
  readonly request: Request;

  constructor(context: Context) {
    this.app = context.app;
    this.request = context.request;
  }
}

/** The class of a handler. */
export interface HandlerClass {
  new (context: Context): RequestHandler;
  readonly middleware: MiddlewareList;
}

/** Whether instances of a class have a method. What every object inherits from `Object` does not count. */
export function hasMember(Handler: HandlerClass, member: string): boolean {
  const prototype: object = Handler.prototype;
  return member in prototype && !(member in Object.prototype) && typeof Reflect.get(prototype, member) === "function";
}

/** The HTTP methods that a class answers, with members of its own or inherited ones. */
export function methodsOf(Handler: HandlerClass): readonly string[] {
  return [...knownMethods].filter(([, member]) => hasMember(Handler, member)).map(([method]) => method);
}

/** The member that answers an HTTP method; `HEAD` falls back to `get`. The action of a rule answers all methods. */
export function memberFor(Handler: HandlerClass, action: string | undefined, method: string): string | undefined {
  if (action !== undefined) return action;
  const member = knownMethods.get(method);
  if (member !== undefined && hasMember(Handler, member)) return member;
  return method === "HEAD" && hasMember(Handler, "get") ? "get" : undefined;
}

/** The response for the result of a handler, middleware or an error handler; `undefined` for anything else. */
export function toResponse(result: unknown, status = 200): Response | undefined {
  if (result instanceof Html) return htmlResponse(result, status);
  if (result instanceof Response) return claim(result);
  if (!(result instanceof globalThis.Response) || result.bodyUsed || result.status === 0) return undefined;
  return adopt(result);
}

/**
 * The response that a method of a handler or of middleware returned.
 *
 * @throws TypeError that names the method, for anything that is not a response or was sent before.
 */
export function responseFrom(result: unknown, owner: object, member: string): Response {
  const response = toResponse(result);
  if (response !== undefined) return response;
  const name = `${owner.constructor.name}.${member}()`;
  if (result instanceof Response)
    throw new TypeError(`${name} returned a response with a stream a second time; a stream can be sent once.`);
  if (result instanceof globalThis.Response) throw new TypeError(`${name} returned a response whose body was sent or read before.`);
  const what = result === null ? "null" : result === undefined ? "nothing" : Array.isArray(result) ? "an array" : typeof result;
  throw new TypeError(`${name} must return a Response or html\`...\`, or a promise of one; it returned ${what}.`);
}
