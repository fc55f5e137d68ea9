import type { Context } from "../context/context.ts";
import type { Request } from "../context/request.ts";
import { HTTPError, statusPhrase } from "../http/errors.ts";
import { Html } from "../http/html.ts";
import { Response } from "../http/response.ts";
import type { RuleDescription } from "../routing/describe-rules.ts";
import type * as BuiltInPages from "./built-in-pages.ts";
import type * as DebugPages from "./debug-page.ts";
import { type HandlerResult, isPromise, type Steps, toResponse } from "./handler.ts";

/**
 * Answers the errors of one status. `Html` is sent with that status and the headers of the error, to clients that prefer HTML; others get
 * problem+json. If it returns `undefined`, the usual page is sent.
 */
export type ErrorHandler = (
  error: unknown,
  request: Request,
) => HandlerResult | undefined | void | Promise<HandlerResult | undefined | void>;

/** The built-in pages, which are loaded when the first error is answered. */
let loaded: typeof BuiltInPages | undefined;

function* builtInPages(): Steps<typeof BuiltInPages> {
  return (loaded ??= (yield import("./built-in-pages.ts")) as typeof BuiltInPages);
}

/** The pages of `debug`. A bundler that knows that NODE_ENV is "production" leaves them out, because `debug` is an error there. */
function* debugPages(): Steps<typeof DebugPages | undefined> {
  return process.env["NODE_ENV"] === "production" ? undefined : ((yield import("./debug-page.ts")) as typeof DebugPages);
}

/** Answers errors that no middleware has answered: with the application's error handlers, or with built-in pages. */
export class ErrorPages {
  readonly #handlers: Readonly<Record<number, ErrorHandler>>;
  readonly #describeRules: () => readonly RuleDescription[];

  /** @param describeRules - Returns the table of rules, which `debug` shows for an unknown path. */
  constructor(handlers: Readonly<Record<number, ErrorHandler>>, describeRules: () => readonly RuleDescription[]) {
    this.#handlers = handlers;
    this.#describeRules = describeRules;
  }

  /** Logs an error if it is unexpected or has a cause, and makes the response to it. Never throws. */
  *render(context: Context, error: unknown): Steps<Response> {
    const status = error instanceof HTTPError ? error.status : 500;
    if (!(error instanceof HTTPError)) context.logError(status, error);
    else if ("cause" in error) context.logError(status, error.cause);
    const { debug } = context.app;
    try {
      const pages = debug ? yield* debugPages() : undefined;
      if (pages !== undefined && !(error instanceof HTTPError)) return pages.debugPage(context, error);
      const result = this.#handlers[status]?.(error, context.request);
      const given = isPromise(result) ? yield result : result;
      if (given !== undefined) {
        const response = toResponse(given, status);
        if (response === undefined)
          throw new TypeError(`The error handler for ${status} must return a Response, html\`...\`, or undefined for the usual page.`);
        return given instanceof Html ? (yield* builtInPages()).customPage(context, error, response) : response;
      }
      const isUnknownPath = status === 404 && context.request.rule === undefined;
      if (pages !== undefined && isUnknownPath) return pages.debugNotFound(context, this.#describeRules());
      return yield* errorPage(context, error);
    } catch (failure) {
      const answer = failure instanceof HTTPError ? failure : undefined;
      context.logError(answer?.status ?? 500, failure);
      context.fail(failure);
      return yield* errorPage(context, answer);
    }
  }
}

/**
 * The built-in page of an error: see `built-in-pages.ts`. If this file cannot be loaded, for example because the files of the
 * application were replaced, only the status is sent.
 */
export function* errorPage(context: Context, error: unknown): Steps<Response> {
  let pages: typeof BuiltInPages;
  try {
    pages = yield* builtInPages();
  } catch (failure) {
    const { status, headers } = error instanceof HTTPError ? error : { status: 500, headers: {} };
    context.logError(status, failure);
    return new Response(`${status} ${statusPhrase(status)}\n`, { status, headers });
  }
  return pages.errorPage(context, error);
}
