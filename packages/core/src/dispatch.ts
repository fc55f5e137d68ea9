import { bodyErrorOf } from "./body.ts";
import type { Context } from "./context.ts";
import { HTTPError } from "./errors.ts";
import type { Middleware, RequestHandler } from "./handler.ts";
import { Html, htmlResponse } from "./html.ts";
import type { Stack } from "./middleware.ts";
import { attempt, chain, type Awaitable } from "./promise.ts";
import { adopt, claim, Response } from "./response.ts";

/** What a handler's method, or a hook, gave back; not looked at yet. */
type Result = unknown;

/** Gives the answer to an error that no hook has answered; it does not throw. */
export type ErrorRenderer = (context: Context, error: unknown) => Awaitable<Response>;

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

/**
 * One run through a handler: before-hooks, the method, after-hooks, and `handleException` where something
 * throws. Whatever gives no promise is gone through without one.
 */
export class Dispatch {
  readonly #context: Context;
  readonly #handler: RequestHandler;
  readonly #stack: Stack;
  readonly #method: string;
  readonly #args: unknown;
  readonly #render: ErrorRenderer;
  /** How many middleware had their turn before the method. */
  #entered = 0;
  /** How many of them may be offered an error: all for the method's, the application's own for a hook's. */
  #offered = 0;

  constructor(context: Context, handler: RequestHandler, stack: Stack, method: string, args: unknown, render: ErrorRenderer) {
    this.#context = context;
    this.#handler = handler;
    this.#stack = stack;
    this.#method = method;
    this.#args = args;
    this.#render = render;
  }

  /** The response after all hooks; it does not throw. */
  run(): Awaitable<Response> {
    const answer = attempt(
      () => this.#enter(0),
      (error) => this.#fail(bodyErrorOf(error)),
    );
    return this.#entered === 0 ? answer : chain(answer, (response) => this.#leave(response, this.#entered - 1));
  }

  #enter(from: number): Awaitable<Response> {
    const { middleware, appLevel } = this.#stack;
    for (let i = from; i < middleware.length; i++) {
      const hook = middleware[i]!;
      this.#entered = i + 1;
      this.#offered = Math.min(i + 1, appLevel);
      if (hook.beforeDispatch === undefined) continue;
      const given: Result = hook.beforeDispatch(this.#handler);
      const next = chain(given, (answer) => this.#hookAnswer(hook, "beforeDispatch", answer));
      if (next instanceof Response) return next;
      if (next !== undefined) return chain(next, (answer) => answer ?? this.#enter(i + 1));
    }
    this.#offered = middleware.length;
    const handler = this.#handler as unknown as Record<string, (args: unknown) => unknown>;
    return chain(handler[this.#method]!(this.#args), (result) => this.#answer(result));
  }

  #answer(result: Result): Response {
    const name = `${this.#handler.constructor.name}.${this.#method}()`;
    const response = toResponse(result);
    if (response === undefined) {
      if (result instanceof globalThis.Response) throw new TypeError(`${name} returned a response whose body was sent or read before.`);
      const what = result === null ? "null" : Array.isArray(result) ? "an array" : typeof result;
      throw new TypeError(
        `${name} must return a Response or html\`...\`, or a promise of one; it returned ${what === "undefined" ? "nothing" : what}.`,
      );
    }
    const mine = claim(response);
    if (mine === undefined) {
      throw new TypeError(`${name} returned a response with a stream a second time; a stream can be sent once.`);
    }
    return mine;
  }

  /** What a before-hook or `handleException` gave back: a response, or nothing. */
  #hookAnswer(hook: Middleware, name: string, answer: Result): Response | undefined {
    if (answer === undefined) return undefined;
    const response = toResponse(answer);
    const mine = response === undefined ? undefined : claim(response);
    if (mine !== undefined) return mine;
    throw new TypeError(`${hook.constructor.name}.${name}() must return a Response that was not sent before, or nothing.`);
  }

  #leave(response: Response, from: number): Awaitable<Response> {
    const { middleware, appLevel } = this.#stack;
    let current = response;
    for (let i = from; i >= 0; i--) {
      const hook = middleware[i]!;
      if (hook.afterDispatch === undefined) continue;
      this.#offered = Math.min(i + 1, appLevel);
      const sent = current;
      const next = attempt<Response>(
        () => chain(hook.afterDispatch!(this.#handler, sent), (answer) => this.#afterAnswer(hook, answer, sent)),
        (error) => this.#fail(error),
      );
      if (!(next instanceof Response)) return chain(next, (answer) => this.#leave(answer, i - 1));
      current = next;
    }
    return current;
  }

  #afterAnswer(hook: Middleware, answer: Result, current: Response): Response {
    if (answer === current) return current;
    const response = toResponse(answer);
    const mine = response === undefined ? undefined : claim(response);
    if (mine !== undefined) return mine;
    throw new TypeError(
      `${hook.constructor.name}.afterDispatch() must return a Response that was not sent before; it returned ${typeof answer}.`,
    );
  }

  /** Offers an error to the hooks, in reverse, and renders it when none has an answer. */
  #fail(error: unknown): Awaitable<Response> {
    const { middleware } = this.#stack;
    for (let i = Math.min(this.#offered, this.#entered) - 1; i >= 0; i--) {
      const hook = middleware[i]!;
      if (hook.handleException === undefined) continue;
      this.#offered = i;
      let failure = error;
      const answer = attempt<Response | undefined>(
        () => chain(hook.handleException!(this.#handler, error) as Result, (given) => this.#hookAnswer(hook, "handleException", given)),
        (another) => {
          failure = another;
          return undefined;
        },
      );
      if (answer instanceof Response) return answer;
      if (answer !== undefined) return chain(answer, (given) => given ?? this.#fail(failure));
      if (failure !== error) return this.#fail(failure);
    }
    if (!(error instanceof HTTPError)) {
      this.#context.error = error;
      this.#context.addedHead?.drop();
    }
    return this.#render(this.#context, error);
  }
}
