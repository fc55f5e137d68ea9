import type { Application } from "../context/application.ts";
import type { Context } from "../context/context.ts";
import type { Html } from "../http/html.ts";
import type { Local } from "../context/local.ts";
import type { Request } from "../context/request.ts";
import type { Response } from "../http/response.ts";

declare module "../context/local.ts" {
  interface Local {
    readonly handler: RequestHandler;
  }
}

/** What a handler's method answers with, at once or later. */
export type HandlerResult = Response | globalThis.Response | Html;

/**
 * Hooks around handlers. One instance serves all requests of an application: what belongs to a request goes
 * into `local`.
 */
export interface Middleware {
  /** Called in list order. A response given back is the answer: what comes after is not called. */
  beforeDispatch?(handler: RequestHandler): MiddlewareAnswer;
  /** Called in reverse order, for each whose turn had come before; gives the response to go on with. */
  afterDispatch?(handler: RequestHandler, response: Response): Response | globalThis.Response | Promise<Response | globalThis.Response>;
  /** Called in reverse order for an error; the first that gives back a response has answered. */
  handleException?(handler: RequestHandler, error: unknown): MiddlewareAnswer;
}

export type MiddlewareAnswer =
  | void
  | undefined
  | Response
  | globalThis.Response
  | Promise<void | undefined | Response | globalThis.Response>;

/** A middleware class; it is made once for each application, with the application. */
export interface MiddlewareClass {
  new (app: Application): Middleware;
  /** Names of `local` that it sets, for the message of a `LocalError`. */
  readonly provides?: readonly (keyof Local)[];
}

/** Middleware in the order in which it runs: classes, or instances made by yourself. */
export type MiddlewareList = readonly (MiddlewareClass | Middleware)[];

/**
 * What answers requests: a class with a method for each HTTP method it knows, `get post put patch delete head
 * options`, each given the arguments of the rule as one object. One instance is made for each request; there is
 * no constructor to write. `head` is served by `get`, and `options` answers by itself.
 */
export class RequestHandler {
  /** What runs around the methods. Inherited; `[...Base.middleware, Other]` adds to it. */
  static middleware: MiddlewareList = [];

  readonly app: Application;
  readonly request: Request;

  constructor(context: Context) {
    this.app = context.app;
    this.request = context.request;
  }
}

/** A class of handlers. */
export interface HandlerClass {
  new (context: Context): RequestHandler;
  readonly middleware: MiddlewareList;
}
