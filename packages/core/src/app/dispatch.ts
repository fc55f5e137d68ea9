import { bodyErrorOf } from "../http/body.ts";
import type { Context } from "../context/context.ts";
import { HTTPError } from "../http/errors.ts";
import type { Middleware, RequestHandler } from "./handler.ts";
import { Html, htmlResponse } from "../http/html.ts";
import type { Stack } from "./middleware.ts";
import { adopt, claim, Response } from "../http/response.ts";
import { isPromise, type Steps } from "./steps.ts";

/** What a handler's method, or a hook, gave back; not looked at yet. */
type Result = unknown;

/** Gives the answer to an error that no hook has answered; it does not throw. */
export type ErrorRenderer = (context: Context, error: unknown) => Steps<Response>;

/** Our response of what a handler's method or an error handler gave back; `undefined` when it is none. */
export function toResponse(result: Result, status = 200): Response | undefined {
  if (result instanceof Html) return htmlResponse(result, status);
  if (result instanceof Response) return result;
  if (result instanceof globalThis.Response) {
    if (result.bodyUsed || result.status === 0) return undefined;
    return adopt(result);
  }
  return undefined;
}

/** Whom a request is given to. */
export interface Call {
  readonly context: Context;
  readonly handler: RequestHandler;
  readonly stack: Stack;
  /** Name of the method, and what it is given. */
  readonly method: string;
  readonly args: unknown;
}

/**
 * One run through a handler: before-hooks, the method, after-hooks, and `handleException` where something throws.
 *
 * @returns The response after all hooks; nothing is thrown.
 */
export function* dispatch(call: Call, render: ErrorRenderer): Steps<Response> {
  const { handler, stack, method, args } = call;
  const { middleware, appLevel } = stack;
  /** How many middleware had their turn before the method. */
  let entered = 0;
  let inMethod = false;
  let response: Response | undefined;
  try {
    while (response === undefined && entered < middleware.length) {
      const hook = middleware[entered++]!;
      const given: Result = hook.beforeDispatch?.(handler);
      response = hookAnswer(hook, "beforeDispatch", isPromise(given) ? yield given : given);
    }
    if (response === undefined) {
      inMethod = true;
      const given = (handler as unknown as Record<string, (args: unknown) => unknown>)[method]!(args);
      response = methodAnswer(call, isPromise(given) ? yield given : given);
    }
  } catch (error) {
    // A hook's error is offered to those of the application only, the method's to all.
    response = yield* fail(call, bodyErrorOf(error), inMethod ? entered : Math.min(entered, appLevel), render);
  }
  for (let i = entered - 1; i >= 0; i--) {
    const hook = middleware[i]!;
    if (hook.afterDispatch === undefined) continue;
    try {
      const given: Result = hook.afterDispatch(handler, response);
      response = afterAnswer(hook, isPromise(given) ? yield given : given, response);
    } catch (error) {
      response = yield* fail(call, error, Math.min(i + 1, appLevel), render);
    }
  }
  return response;
}

/** Offers an error to so many hooks, in reverse, and renders it when none has an answer. */
function* fail({ context, handler, stack }: Call, thrown: unknown, offered: number, render: ErrorRenderer): Steps<Response> {
  let error = thrown;
  for (let i = offered - 1; i >= 0; i--) {
    const hook = stack.middleware[i]!;
    try {
      const given: Result = hook.handleException?.(handler, error);
      const response = hookAnswer(hook, "handleException", isPromise(given) ? yield given : given);
      if (response !== undefined) return response;
    } catch (another) {
      error = another;
    }
  }
  if (!(error instanceof HTTPError)) {
    context.error = error;
    context.addedHead?.drop();
  }
  return yield* render(context, error);
}

function methodAnswer({ handler, method }: Call, result: Result): Response {
  const response = toResponse(result);
  const mine = response === undefined ? undefined : claim(response);
  if (mine !== undefined) return mine;
  const name = `${handler.constructor.name}.${method}()`;
  if (response !== undefined) throw new TypeError(`${name} returned a response with a stream a second time; a stream can be sent once.`);
  if (result instanceof globalThis.Response) throw new TypeError(`${name} returned a response whose body was sent or read before.`);
  const what = result === null ? "null" : Array.isArray(result) ? "an array" : typeof result;
  throw new TypeError(
    `${name} must return a Response or html\`...\`, or a promise of one; it returned ${what === "undefined" ? "nothing" : what}.`,
  );
}

/** What a before-hook or `handleException` gave back: a response, or nothing. */
function hookAnswer(hook: Middleware, name: string, answer: Result): Response | undefined {
  if (answer === undefined) return undefined;
  const response = toResponse(answer);
  const mine = response === undefined ? undefined : claim(response);
  if (mine !== undefined) return mine;
  throw new TypeError(`${hook.constructor.name}.${name}() must return a Response that was not sent before, or nothing.`);
}

function afterAnswer(hook: Middleware, answer: Result, current: Response): Response {
  if (answer === current) return current;
  const response = toResponse(answer);
  const mine = response === undefined ? undefined : claim(response);
  if (mine !== undefined) return mine;
  throw new TypeError(
    `${hook.constructor.name}.afterDispatch() must return a Response that was not sent before; it returned ${typeof answer}.`,
  );
}
