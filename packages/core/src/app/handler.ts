import type { Application } from "../context/application.ts";
import type { Context } from "../context/context.ts";
import { Html, htmlResponse } from "../http/html.ts";
import type { Local } from "../context/running-request.ts";
import type { Request } from "../context/request.ts";
import { actionMethods, classMethods } from "../routing/methods.ts";
import { flatValue, pairs } from "../http/headers.ts";
import { adopt } from "../http/adopted-response.ts";
import { toSend, partsOf, Response, withoutFraming } from "../http/response.ts";

declare module "../context/running-request.ts" {
  interface Local {
    readonly handler: RequestHandler;
  }
}

/** The result of a handler's method, or of its promise. */
export type HandlerResult = Response | globalThis.Response | Html;

/**
 * Hooks around handlers. One instance serves all requests of an application, so anything that belongs to a request must be kept in
 * `local`.
 */
export interface Middleware {
  /**
   * Called in the order of the list. If it returns a response, that is sent, and neither later middleware nor the handler is
   * called.
   */
  beforeDispatch?(handler: RequestHandler): MiddlewareAnswer;
  /** Called in reverse order, for each middleware whose `beforeDispatch` was called. Returns the response to go on with. */
  afterDispatch?(handler: RequestHandler, response: Response): Response | globalThis.Response | Promise<Response | globalThis.Response>;
  /** Called in reverse order for an error. The first that returns a response answers it. */
  handleException?(handler: RequestHandler, error: unknown): MiddlewareAnswer;
  /** Called by `runInRequest()`, where no handler runs, for middleware of the application. Sets the names of `local` that work without a handler. */
  provideLocals?(request: Request): void;
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
 * `delete`, `head`, `options`, `query`, `propfind` and so on; a method with another name answers if its rule lists it. Each gets the arguments of the rule as one object. Without `head`, `get` answers HEAD; without
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

/** The names of the methods of a class. Fields, accessors and what every object inherits are not methods. */
function methodNames(Handler: HandlerClass): ReadonlySet<string> {
  const isMethod = new Map([["constructor", false]]);
  for (let at: object | null = Handler.prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (!isMethod.has(name)) isMethod.set(name, typeof value === "function");
  return new Set([...isMethod.keys()].filter((name) => isMethod.get(name)));
}

/** What a rule says about the methods of its handler. */
export interface RuleMethods {
  readonly path: string;
  readonly action: string | undefined;
  readonly methods: readonly string[] | undefined;
}

/**
 * The HTTP methods that a rule answers, and the member of its handler that answers each. `Allow`, 405 and the table of
 * rules all use this function.
 */
export function membersOf(Handler: HandlerClass, { action, methods }: RuleMethods): ReadonlyMap<string, string> {
  const names = methodNames(Handler);
  const isListed = methods !== undefined;
  const members = new Map<string, string>();
  for (const method of methods ?? (action === undefined ? classMethods : actionMethods)) {
    const own = method.toLowerCase();
    // The router itself uses a rule with GET for HEAD, so only a rule that lists HEAD needs `get` for it.
    const member = !names.has(own) && isListed && method === "HEAD" ? "get" : own;
    if (names.has(member) || (isListed && action !== undefined)) members.set(method, action ?? member);
  }
  return members;
}

/** Why a handler class cannot answer its rule; a sentence for each reason. */
export function handlerProblems(Handler: HandlerClass, ruleMethods: RuleMethods): readonly string[] {
  const { path, action, methods } = ruleMethods;
  const rule = `The rule "${path}"`;
  const name = Handler.name === "" ? "its class" : Handler.name;
  const names = methodNames(Handler);
  const members = membersOf(Handler, ruleMethods);
  if (action !== undefined) {
    if (!names.has(action)) return [`${rule} has the action "${action}", and ${name} has no such method.`];
    if (members.size > 0) return [];
    return [
      `${rule} has the action "${action}" and does not say which HTTP methods call it: add methods: ["POST"], or methods: ["GET"] if it changes nothing.`,
    ];
  }
  const usual = classMethods.map((method) => method.toLowerCase());
  const misspelled = [...names].filter((each) => !names.has(each.toLowerCase()) && usual.includes(each.toLowerCase()));
  if (misspelled.length > 0)
    return misspelled.map((each) => `${rule} cannot call ${each} of ${name}: write ${callText(each.toLowerCase())}.`);
  const missing = (methods ?? []).filter((method) => method !== "OPTIONS" && !members.has(method));
  if (missing.length > 0) {
    return missing.map((method) => {
      const member = method.toLowerCase();
      return `${rule} lists ${method} in its methods, and ${name} has no method ${callText(member)}: add it, or remove ${method} from methods.`;
    });
  }
  if (members.size > 0) return [];
  const isStatic = usual.find((member) => typeof Reflect.get(Handler, member) === "function");
  const hint =
    isStatic === undefined
      ? "write get() { ... } in the class body; a field such as get = () => ... is not found"
      : `${isStatic}() is static; remove "static"`;
  return [`${rule} can never answer, because ${name} has no method for any HTTP method: ${hint}.`];
}

const callText = (member: string) => (/^[\w$]+$/.test(member) ? `${member}()` : `"${member}"()`);

/** The response for the result of a handler, middleware or an error handler; `undefined` for anything else. */
export function toResponse(result: unknown, status = 200): Response | undefined {
  if (result instanceof Html) return htmlResponse(result, status);
  if (result instanceof Response) return toSend(result);
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
  if (result instanceof globalThis.Response)
    throw new TypeError(`${name} returned a response whose body was sent or read before; a stream can be sent once.`);
  const what = result === null ? "null" : result === undefined ? "nothing" : Array.isArray(result) ? "an array" : typeof result;
  throw new TypeError(`${name} must return a Response or html\`...\`, or a promise of one; it returned ${what}.`);
}

/**
 * The response as one of the platform, for callers that pass it to the platform, which accepts only its own class. Takes over the
 * body.
 */
export function platformResponse(response: Response): globalThis.Response {
  const parts = partsOf(response);
  const { body, status, statusText, headers } = parts;
  const native = new globalThis.Response(body as BodyInit | null, { status, statusText, headers: pairs(withoutFraming(parts)) });
  // The platform adds a content type to text without one.
  if (typeof body === "string" && flatValue(headers, "content-type") === undefined) native.headers.delete("content-type");
  return native;
}

/** The name of the class of an object. An object that inherits nothing, such as an imported module, has no class. */
export function classNameOf({ constructor }: { readonly constructor: { readonly name: string } | undefined }): string {
  return constructor?.name ?? "Object";
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Work that may have to wait for promises. A function of this type is written once for both cases: it uses `yield` instead of
 * `await`, and only if there is a promise. If no step has a promise, the request is answered without promises, which is faster.
 */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Runs the work. Returns a promise only if the work waits for one. */
export function run<T>(steps: Steps<T>): T | Promise<T> {
  const { done, value } = steps.next();
  return done === true ? value : wait(steps, value);
}

async function wait<T>(steps: Steps<T>, first: PromiseLike<unknown>): Promise<T> {
  for (let pending = first; ;) {
    let given: unknown;
    let failed = false;
    try {
      given = await pending;
    } catch (error) {
      given = error;
      failed = true;
    }
    const { done, value } = failed ? steps.throw(given) : steps.next(given);
    if (done === true) return value;
    pending = value;
  }
}

/** Calls the method of a handler that answers a request. */
export function callMethod(handler: RequestHandler, method: string, args: unknown, query: object | undefined): unknown {
  const methods = handler as unknown as Record<string, (args: unknown, query?: unknown) => unknown>;
  return query === undefined ? methods[method]!(args) : methods[method]!(args, query);
}
