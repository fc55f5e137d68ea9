import { type Context, withoutSummary } from "../context/context.ts";
import { logInfo } from "../context/logger.ts";
import type { Request } from "../context/request.ts";
import type { Response } from "../http/response.ts";
import { Trace } from "../tracing/trace.ts";
import { isPromise } from "./handler.ts";

/** What subscribers of `mini:request` get. */
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

/** What subscribers of `mini:handler` get. */
export interface HandlerMessage {
  readonly request: Request;
  readonly rule: string | undefined;
  readonly endpoint: string | undefined;
  /** Name of the class. */
  readonly handler: string;
  /** Name of its method. */
  readonly method: string;
}

export const requestTrace = new Trace<RequestMessage>("mini:request");
export const handlerTrace = new Trace<HandlerMessage>("mini:handler");

/** Answers a request, tells subscribers of it, and logs it. */
export function observeRequest(
  context: Context,
  isLogged: boolean,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const log = (response: Response) => (isLogged ? logged(context, response) : response);
  if (requestTrace.channel?.hasSubscribers !== true) {
    const response = answer();
    return isPromise(response) ? response.then(log) : log(response);
  }
  const { request } = context;
  const message: RequestMessage = { request, rule: undefined, endpoint: undefined, status: undefined };
  return requestTrace.run(message, async () => {
    const response = log(await answer());
    message.rule = request.rule?.path;
    message.endpoint = request.rule?.endpoint;
    message.status = response.status;
    if (context.hasFailed) message.error = context.error;
    return response;
  });
}

/** Calls the method of a handler, and tells subscribers of it. */
export function observeHandler(context: Context, method: string, call: () => unknown): Promise<unknown> {
  const { request, handler } = context;
  const { path, endpoint } = request.rule ?? {};
  return handlerTrace.run({ request, rule: path, endpoint, handler: handler!.constructor.name, method }, call);
}

/** Logs that a response leaves. */
export function logged(context: Context, response: Response): Response {
  const fields = context.logFields(response.status);
  logInfo(context.app.logger, `${fields.method} ${fields.path} ${fields.status} in ${fields.ms} ms`, fields, withoutSummary(fields));
  return response;
}
