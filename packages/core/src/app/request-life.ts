import type { Context } from "../context/context.ts";
import { dependenciesOf, dependOn, matchTo, pathStartOf, servedOf, type Request } from "../context/request.ts";
import { redirectTo } from "../context/redirect.ts";
import { bindStream, checkEmptyBody, discard, discardStream, withoutBody } from "../context/response-body.ts";
import type { StandardSchema } from "../forms/schema.ts";
import { outsideCauseOf } from "../bodies/body-errors.ts";
import { HTTPError } from "../http/errors.ts";
import { withVary } from "../http/headers.ts";
import { type TrustedHosts, unknownHost } from "../http/host.ts";
import { safeMethods } from "../routing/methods.ts";
import { fromParts, partsOf, Response } from "../http/response.ts";
import { takeOver } from "../http/served-request.ts";
import type { Router } from "../routing/router.ts";
import { baseOf } from "../urls/endpoint-urls.ts";
import type { CrossOrigin } from "./cross-origin.ts";
import { errorPage, type ErrorPages } from "./error-pages.ts";
import {
  callMethod,
  type HandlerClass,
  isPromise,
  type Middleware,
  type RequestHandler,
  responseFrom,
  run,
  type Steps,
} from "./handler.ts";
import { completeHeaders, type MiddlewareStack } from "./middleware.ts";
import { handlerTrace, type Inspection, logged, observeHandler, observeHook, observeRequest, requestTrace } from "./observed.ts";
import { BuiltInHandler, type LoadedHandler, type Route } from "./route.ts";

/** The settings of an application that decide what happens to its requests. */
export interface AnswerSettings {
  readonly router: Router<Route>;
  /** The path below which the application answers; empty at the root. */
  readonly basePath: string;
  /** Hosts that the application serves; `undefined`: any. */
  readonly trustedHosts: TrustedHosts | undefined;
  readonly crossOrigin: CrossOrigin;
  /** The middleware of the application, around the built-in handler. Its security headers are on refusals and redirects too. */
  readonly middleware: MiddlewareStack;
  readonly errorPages: ErrorPages;
  /** Whether each request is logged. */
  readonly requestLog: boolean;
  /** Shows requests on its own page, with `debug`. */
  inspector: Inspection | undefined;
}

/**
 * Answers a request. Everything that happens to it, from the first check to the response that is sent, is in this file, in order.
 * Never throws or rejects. Returns a promise only if a step had to wait for one.
 */
export function answerRequest(settings: AnswerSettings, context: Context): Response | Promise<Response> {
  const { requestLog, inspector } = settings;
  if (!requestLog && inspector === undefined && requestTrace.channel?.hasSubscribers !== true) return run(answer(settings, context));
  const inspected = inspector?.answer(context);
  if (inspected !== undefined) return finish(context, inspected, undefined, settings.middleware);
  return observeRequest(context, settings, () => run(answer(settings, context)));
}

/** Answers a request that the server refuses itself, because it is malformed: without a body, because the client may not read one. */
export function refuseRequest(settings: AnswerSettings, context: Context, status: number): Response {
  const refused = () => finish(context, new Response(null, { status }), undefined, settings.middleware);
  return settings.requestLog ? logged(context, refused()) : refused();
}

function* answer(settings: AnswerSettings, context: Context): Steps<Response> {
  let stack = settings.middleware;
  let response: Response | undefined;
  try {
    const refused = refusalFor(settings, context);
    if (refused !== undefined) return finish(context, yield* errorPage(context, refused), undefined, stack);
    const found = findCall(settings, context.request);
    const call = isPromise(found) ? ((yield found) as Response | Call) : found;
    if (call instanceof Response) return finish(context, call, undefined, stack);
    stack = call.stack;
    response = yield* runHandler(settings, context, call);
    if (context.addedHead !== undefined) response = yield* runBeforeHead(settings, context, response);
    return finish(context, response, context.addedHead, stack);
  } catch (error) {
    context.logError(500, error);
    if (response !== undefined) discard(context, response);
    return finish(context, yield* errorPage(context, undefined), undefined, stack);
  }
}

// 1. Checks. A refused request gets an error page without any middleware.

function refusalFor({ trustedHosts, crossOrigin }: AnswerSettings, { request }: Context): HTTPError | undefined {
  const isServed = trustedHosts === undefined ? request.host !== unknownHost : trustedHosts.has(request.host, request.secure);
  if (!isServed) return new HTTPError(400, "This host is not served here.");
  // A page of another site must not open a web socket: browsers send the cookies with it, and let the page read from it.
  const isUpgrade = servedOf(request)[takeOver] !== undefined;
  if ((!isUpgrade && safeMethods.has(request.method)) || crossOrigin.allows(request)) return undefined;
  dependOn(request, "Origin");
  dependOn(request, "Sec-Fetch-Site");
  return new HTTPError(403, "This request was sent by a page that this site does not trust.");
}

// 2. Match: the rule for the path, and the method of its handler.

/** The method of a handler that answers a request, and its arguments. */
interface Call {
  readonly Handler: HandlerClass;
  readonly stack: MiddlewareStack;
  readonly method: string;
  readonly args: unknown;
  /** The schema of the query, whose output is the second argument. */
  readonly query?: StandardSchema | undefined;
}

/** The call for a request, or the redirect that answers it. */
function findCall(settings: AnswerSettings, request: Request): Response | Call | Promise<Response | Call> {
  const { router } = settings;
  const { method, path } = request;
  const upgrade = servedOf(request)[takeOver];
  if (upgrade !== undefined) return builtIn(settings, "upgrade", upgrade);
  try {
    if (pathStartOf(request) === undefined) return builtIn(settings, "fail", new HTTPError(404));
    if (!router.methods.has(method)) return builtIn(settings, "fail", new HTTPError(501));
    if (path === "") return redirectTo(`${settings.basePath}/`, request); // the base path itself
    const matched = router.match(method, path, router.usesHosts ? baseOf(request) : undefined);
    switch (matched.type) {
      case "found": {
        const { rule, target: route, params } = matched;
        matchTo(request, rule);
        const call = callOf(route.loaded, method, params, rule.query);
        if (call !== undefined) return call;
        return route.load().then(
          () => {
            request.rule = undefined;
            router.update(rule);
            return findCall(settings, request);
          },
          (error: unknown) => builtIn(settings, "fail", error),
        );
      }
      case "redirect":
        return redirectTo(matched.location, request);
      case "options":
        return builtIn(settings, "allow", matched.allow);
      case "methodNotAllowed":
        return builtIn(settings, "fail", new HTTPError(405, undefined, { headers: { allow: matched.allow.join(", ") } }));
      case "malformed":
        return builtIn(settings, "fail", new HTTPError(400, "The path has a malformed percent-encoding."));
      case "notFound":
        return builtIn(settings, "fail", new HTTPError(404));
    }
  } catch (error) {
    return builtIn(settings, "fail", error);
  }
}

/** The call for a method; `undefined` if the router must first learn the methods of a class that is loaded at the first request. */
function callOf(loaded: LoadedHandler | undefined, method: string, args: unknown, query: StandardSchema | undefined): Call | undefined {
  if (loaded === undefined) return undefined;
  const { Handler, stack, members } = loaded;
  const member = members.get(method) ?? (method === "HEAD" ? members.get("GET") : undefined);
  return member === undefined ? undefined : { Handler, stack, method: member, args, query };
}

/** A call of the built-in handler, around which the middleware of the application runs. */
function builtIn({ middleware }: AnswerSettings, method: keyof BuiltInHandler, args: unknown): Call {
  return { Handler: BuiltInHandler, stack: middleware, method, args };
}

// 3. Middleware and handler: before-hooks, the method, after-hooks, and `handleException` where one of them throws.

function* runHandler(settings: AnswerSettings, context: Context, call: Call): Steps<Response> {
  const { stack, method, args } = call;
  const { middleware, appLevelCount } = stack;
  let handler: RequestHandler;
  try {
    handler = new call.Handler(context);
  } catch (error) {
    return yield* runHandler(settings, context, builtIn(settings, "fail", error));
  }
  context.handler = handler;
  /** How many middleware were reached before the method. */
  let entered = 0;
  let inMethod = false;
  let response: Response | undefined;
  try {
    while (response === undefined && entered < middleware.length) {
      const each = middleware[entered++]!;
      const result: unknown =
        context.recording === undefined ? each.beforeDispatch?.(handler) : observeHook(each, "beforeDispatch", handler);
      const given = isPromise(result) ? yield result : result;
      if (given !== undefined) response = responseFrom(given, each, "beforeDispatch");
    }
    if (response === undefined) {
      inMethod = true;
      const query = call.query === undefined ? undefined : ((yield context.request.query(call.query)) as object);
      const result =
        context.recording !== undefined || handlerTrace.channel?.hasSubscribers === true
          ? observeHandler(context, method, () => callMethod(handler, method, args, query))
          : callMethod(handler, method, args, query);
      response = responseFrom(isPromise(result) ? yield result : result, handler, method);
    }
  } catch (error) {
    // An error of a hook is offered to the application's middleware only, an error of the method to all.
    const offered = inMethod ? entered : Math.min(entered, appLevelCount);
    response = yield* answerError(settings, context, handler, middleware.slice(0, offered), error);
  }
  for (let i = entered - 1; i >= 0; i--) {
    const each = middleware[i]!;
    if (each.afterDispatch === undefined) continue;
    try {
      const result: unknown =
        context.recording === undefined ? each.afterDispatch(handler, response) : observeHook(each, "afterDispatch", handler, response);
      const given = isPromise(result) ? yield result : result;
      if (given === response) continue;
      discard(context, response);
      response = responseFrom(given, each, "afterDispatch");
    } catch (error) {
      discard(context, response);
      response = yield* answerError(settings, context, handler, middleware.slice(0, Math.min(i + 1, appLevelCount)), error);
    }
  }
  return response;
}

// 4. Errors: middleware is asked in reverse order; if none answers, an error page does.

/** @param offeredTo - The middleware that may answer the error with `handleException`, in the order of the list. The last one is called first. */
function* answerError(
  { errorPages }: AnswerSettings,
  context: Context,
  handler: RequestHandler,
  offeredTo: readonly Middleware[],
  thrown: unknown,
): Steps<Response> {
  let error = outsideCauseOf(thrown) ?? thrown;
  for (const hook of offeredTo.toReversed()) {
    try {
      const result: unknown = hook.handleException?.(handler, error);
      const given = isPromise(result) ? yield result : result;
      if (given !== undefined) return responseFrom(given, hook, "handleException");
    } catch (another) {
      error = another;
    }
  }
  if (!(error instanceof HTTPError)) context.fail(error);
  return yield* errorPages.render(context, error);
}

// 5. Work before the head: the functions given to beforeHead(), the last one first. If one fails, its error page replaces the response.

function* runBeforeHead({ errorPages }: AnswerSettings, context: Context, response: Response): Steps<Response> {
  const head = context.addedHead!;
  let current = response;
  for (let work = head.takeFunction(); work !== undefined; work = head.takeFunction()) {
    try {
      const result = work(current);
      if (isPromise(result)) yield result;
    } catch (error) {
      head.drop();
      discard(context, current);
      if (!(error instanceof HTTPError)) context.fail(error);
      current = yield* errorPages.render(context, error);
    }
  }
  return current;
}

// 6. Head and body.

/**
 * The last step of every response, whether it comes from a handler, a redirect, a refusal or an error page: adds to its head
 * what the request has added, `Vary` and the security headers, leaves out the body for HEAD, and lets a stream run in the context of its
 * request.
 */
function finish(context: Context, response: Response, head: Context["addedHead"], { securityHeaders }: MiddlewareStack): Response {
  context.close();
  const parts = partsOf(response);
  const isHead = context.request.method === "HEAD" && parts.body !== null;
  const isStream = parts.body instanceof ReadableStream;
  if (parts.body === null) checkEmptyBody(parts, context.request.method === "HEAD");
  const { discarded } = context;
  const cancel =
    discarded && (() => discarded.forEach((stream) => discardStream(stream, (error) => context.logError(parts.status, error))));
  // A stream may read from the streams that it has replaced, so these are cancelled only when it ends.
  if (isStream && !isHead) discarded?.delete(parts.body as ReadableStream);
  else cancel?.();
  const dependencies = dependenciesOf(context.request);
  if (head === undefined && dependencies === undefined && securityHeaders === undefined && !isHead && !isStream) return response;
  let headers = head === undefined ? parts.headers : head.merge(parts.headers);
  if (dependencies !== undefined) headers = withVary(headers, dependencies);
  if (securityHeaders !== undefined) headers = securityHeaders[completeHeaders](headers, context);
  const complete = { ...parts, headers };
  if (isHead) return fromParts(withoutBody(complete, (error) => context.logError(parts.status, error)));
  return fromParts(isStream ? bindStream(context, complete, parts.body as ReadableStream, cancel) : complete);
}
