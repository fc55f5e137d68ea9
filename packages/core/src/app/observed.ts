import { type Context, withoutSummary } from "../context/context.ts";
import { logInfo } from "../context/logger.ts";
import type { Request } from "../context/request.ts";
import type { Response } from "../http/response.ts";
import { Trace } from "../tracing/trace.ts";
import { classNameOf, isPromise, type Middleware, type RequestHandler } from "./handler.ts";

/** The message of the channel `mini:request`. */
export interface RequestMessage {
  readonly request: Request;
  /** Path of the rule; `undefined` until it is found, and if there is none. */
  rule: string | undefined;
  endpoint: string | undefined;
  /** Status of the response; `undefined` until it is known. */
  status: number | undefined;
  /** The unexpected error that ended the request. Present if there was one. */
  error?: unknown;
}

/** The message of the channel `mini:handler`. */
export interface HandlerMessage {
  readonly request: Request;
  readonly rule: string | undefined;
  readonly endpoint: string | undefined;
  /** Name of the class. */
  readonly handler: string;
  /** Name of its method. */
  readonly method: string;
}

/** The message of the channel `mini:hook`. */
interface HookMessage {
  /** Name of the middleware class. */
  readonly middleware: string;
  readonly hook: "beforeDispatch" | "afterDispatch";
}

export const requestTrace = new Trace<RequestMessage>("mini:request");
export const handlerTrace = new Trace<HandlerMessage>("mini:handler", ({ handler, method }) => ({ label: `${handler}.${method}` }));
/** Published only while requests are recorded. */
const hookTrace = new Trace<HookMessage>("mini:hook", ({ middleware, hook }) => ({ label: `${middleware}.${hook}` }));

/** The part of the inspector that requests use. */
export interface Inspection {
  /** The inspector's own response, for a request for one of its pages. For any other request, begins a recording. */
  answer(context: Context): Response | undefined;
  /** Adds a request whose response is being sent. */
  add(context: Context, status: number): void;
}

/** Answers a request, reports it to subscribers and the inspector, and logs it. */
export function observeRequest(
  context: Context,
  { requestLog, inspector }: { readonly requestLog: boolean; readonly inspector: Inspection | undefined },
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const { request } = context;
  const message: RequestMessage = { request, rule: undefined, endpoint: undefined, status: undefined };
  const report = (response: Response) => {
    message.rule = request.rule?.path;
    message.endpoint = request.rule?.endpoint;
    message.status = response.status;
    if (context.hasFailed) message.error = context.error;
    inspector?.add(context, response.status);
    return requestLog ? logged(context, response) : response;
  };
  return requestTrace.run(message, () => {
    const response = answer();
    return isPromise(response) ? response.then(report) : report(response);
  });
}

/** Calls a hook of a middleware, if it has it, and records it. */
export function observeHook(middleware: Middleware, hook: HookMessage["hook"], handler: RequestHandler, response?: Response): unknown {
  if (middleware[hook] === undefined) return undefined;
  return hookTrace.run({ middleware: classNameOf(middleware), hook }, () => middleware[hook]!(handler, response!) as unknown);
}

/** Calls the method of a handler, and reports it to subscribers. */
export function observeHandler(context: Context, method: string, call: () => unknown): unknown {
  const { request, handler } = context;
  const { path, endpoint } = request.rule ?? {};
  return handlerTrace.run({ request, rule: path, endpoint, handler: handler!.constructor.name, method }, call);
}

/** Logs that a response is being sent. */
export function logged(context: Context, response: Response): Response {
  const fields = context.logFields(response.status);
  logInfo(context.app.logger, `${fields.method} ${fields.path} ${fields.status} in ${fields.ms} ms`, fields, withoutSummary(fields));
  return response;
}
