import type { Application, Config } from "../context/application.ts";
import type { CheckRules } from "../rules/handler-types.ts";
import { Context } from "../context/context.ts";
import { CrossOrigin, type CrossOriginOption } from "./cross-origin.ts";
import { dispatch, toResponse } from "./dispatch.ts";
import { debugNotFound, debugPage, errorPage } from "./error-pages.ts";
import { ConfigError, HTTPError } from "../http/errors.ts";
import type { HandlerClass, HandlerResult, MiddlewareList } from "./handler.ts";
import type { Head } from "../context/added-head.ts";
import { Html } from "../http/html.ts";
import { storage } from "../context/local.ts";
import { logError, type Logger } from "../context/logger.ts";
import { MiddlewareRegistry, type Stack } from "./middleware.ts";
import { Proxies, type TrustProxy } from "../http/forwarded.ts";
import { withQuery } from "../urls/redirect-target.ts";
import { Request, trustsHost, type RequestSettings } from "../context/request.ts";
import { claim, fromParts, partsOf, type Response } from "../http/response.ts";
import { withLength } from "../http/headers.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";
import { Router } from "../routing/router.ts";
import { memberFor, methodNotAllowed, NoHandler, Routes, verbs, type Plan, type Route } from "./routes.ts";
import type { Rule } from "../rules/rule.ts";
import { isPromise, run, type Steps } from "./steps.ts";
import { bindStream } from "../context/body-stream.ts";

/** Renders the error of one status. `Html` goes out with that status and the error's headers. */
export type ErrorHandler = (error: unknown, request: Request) => HandlerResult | Promise<HandlerResult>;

export interface AppOptions<R = readonly Rule[]> {
  /** Which path runs which handler. */
  readonly rules: R;
  /** Settings of packages, by package. */
  readonly config?: Config | undefined;
  /** Runs around every handler, error pages and `OPTIONS` included. */
  readonly middleware?: MiddlewareList | undefined;
  /** By status: what renders an error that no middleware has answered. */
  readonly errorHandlers?: Readonly<Record<number, ErrorHandler>> | undefined;
  /** Which peers may report the client's address and scheme: addresses, CIDR blocks. Default `false`: none. */
  readonly trustProxy?: TrustProxy | undefined;
  /** Hosts that requests may ask for, with a port or for any; others get 400. Left out, any host. */
  readonly trustedHosts?: readonly string[] | undefined;
  /** Bytes a request's body may have; past it 413. Default 1 MiB. */
  readonly maxBodySize?: number | undefined;
  /** Who may send writes from other origins. Default `{ trusted: [] }`: nobody. */
  readonly crossOrigin?: CrossOriginOption | undefined;
  /** Shows errors with their source. Refused when NODE_ENV is "production". Default false. */
  readonly debug?: boolean | undefined;
  /** Default `console`. */
  readonly logger?: Logger | undefined;
}

/** An application: its rules and settings, and one function from request to response. */
export class App<const R extends readonly unknown[] = readonly unknown[]> implements Application {
  readonly config: Readonly<Config>;
  readonly logger: Logger;
  readonly debug: boolean;
  readonly maxBodySize: number;
  readonly trustProxy: TrustProxy;
  readonly router: Router<Route>;
  readonly #crossOrigin: CrossOrigin;
  readonly #errorHandlers: Readonly<Record<number, ErrorHandler>>;
  readonly #registry: MiddlewareRegistry;
  readonly #settings: RequestSettings;
  /** Hosts that rules name as they are. */
  readonly #ownHosts: ReadonlySet<string>;
  readonly #bare: Stack;
  readonly #render = (context: Context, error: unknown) => this.#renderError(context, error);
  readonly #answerIn = (context: Context) => run(this.#handle(context));

  /**
   * @throws RuleError, {@link DuplicateRuleError} for rules that can not work, all of them in one message;
   *   ConfigError for a setting that can not be meant.
   */
  constructor(options: AppOptions<R & CheckRules<R, HandlerResult>>) {
    const { config = {}, middleware = [], errorHandlers = {}, trustProxy = false, trustedHosts } = options;
    const { maxBodySize = 1024 * 1024, crossOrigin = {}, debug = false, logger = console } = options;
    if (typeof config !== "object" || config === null)
      throw new ConfigError("The config of an App must be an object, with one entry for each package.");
    if (!Number.isInteger(maxBodySize) || maxBodySize < 0) throw new ConfigError("maxBodySize must be a whole number of bytes, 0 or more.");
    if (debug && process.env["NODE_ENV"] === "production") {
      throw new ConfigError(
        "debug: true shows source code to visitors and is refused with NODE_ENV=production. Leave it out, or unset NODE_ENV.",
      );
    }
    this.config = config;
    this.logger = logger;
    this.debug = debug;
    this.maxBodySize = maxBodySize;
    this.trustProxy = trustProxy;
    this.#crossOrigin = new CrossOrigin(crossOrigin);
    this.#errorHandlers = errorHandlers;
    const hosts = trustedHosts === undefined ? undefined : new Set(trustedHosts.map((host) => host.toLowerCase()));
    this.#settings = { proxies: new Proxies(trustProxy), hosts, maxBodySize };
    this.#registry = new MiddlewareRegistry(this, middleware);
    this.#bare = this.#registry.stack(noHandler);
    const routes = new Routes(options.rules as readonly unknown[], this.#registry);
    this.router = new Router(routes.rules, routes);
    this.#ownHosts = new Set(routes.rules.flatMap(({ host = "" }) => (/^[\w.-]+$/.test(host) ? [host.toLowerCase()] : [])));
  }

  /**
   * Answers a request. Never rejects and never throws; without a promise where nothing on the way needed one.
   */
  fetch(request: globalThis.Request): Response | Promise<Response> {
    const context = this.createContext(request);
    return storage.run(context, this.#answerIn, context);
  }

  /** The context of a request; for what runs one itself, as `runInRequest()` does. */
  createContext(request: globalThis.Request): Context {
    return new Context(this, new Request(request, this.#settings));
  }

  /**
   * The URL of an endpoint, as {@link urlFor} gives it, inside a request or outside.
   *
   * @throws BuildError naming what is missing.
   */
  urlFor(endpoint: string, args: Readonly<Record<string, unknown>> = {}, options: UrlOptions = {}): string {
    const request = storage.getStore()?.get("request") as Request | undefined;
    return this.router.build(endpoint, args, options, request === undefined ? undefined : baseOf(request));
  }

  trustsOrigin(url: URL, request: Request): boolean {
    if (this.#crossOrigin.trusts(url.origin)) return true;
    const { scheme, host } = baseOf(request);
    const own = new URL(`${scheme}://${host}`);
    return this.#ownHosts.has(url.hostname) && url.protocol === own.protocol && url.port === own.port;
  }

  provider(name: string): string | undefined {
    return this.#registry.provider(name);
  }

  *#handle(context: Context): Steps<Response> {
    try {
      const response = yield* this.#answer(context);
      const head = context.addedHead;
      return this.#send(context, head === undefined ? response : yield* this.#beforeHead(context, head, response), head);
    } catch (error) {
      this.#log(context, 500, error);
      return this.#send(context, errorPage(context, undefined), undefined);
    }
  }

  *#answer(context: Context): Steps<Response> {
    const { request } = context;
    if (!this.#trustsHost(request)) return errorPage(context, new HTTPError(400, "This host is not served here."));
    if (!this.#crossOrigin.allows(request)) {
      return errorPage(context, new HTTPError(403, "This request was sent by another site, or by a page this site does not know."));
    }
    const { method } = request;
    if (!verbs.has(method)) return yield* this.#fail(context, new HTTPError(501));
    const matched = this.router.match(method, request.path, this.router.usesHosts ? baseOf(request) : undefined);
    switch (matched.type) {
      case "found": {
        request.rule = matched.rule;
        try {
          const plan = matched.target.plan();
          return yield* this.#run(context, matched.target, isPromise(plan) ? ((yield plan) as Plan) : plan, matched.params);
        } catch (error) {
          return yield* this.#fail(context, error);
        }
      }
      case "redirect":
        return fromParts({ body: null, status: 308, statusText: "", headers: ["location", withQuery(matched.location, request.search)] });
      case "options":
        return yield* this.#dispatch(context, noHandler, this.#bare, "allow", matched.allow);
      case "methodNotAllowed":
        return yield* this.#fail(context, methodNotAllowed(matched.allow));
      case "malformed":
        return yield* this.#fail(context, new HTTPError(400, "The path has a malformed percent-encoding."));
      case "notFound":
        return yield* this.#fail(context, new HTTPError(404));
    }
  }

  #run(context: Context, route: Route, plan: Plan, params: unknown): Steps<Response> {
    const { method } = context.request;
    const member = memberFor(plan, route.rule, method);
    if (member !== undefined) return this.#dispatch(context, plan.Handler, plan.stack, member, params);
    const allow = route.allowed(plan);
    if (method === "OPTIONS") return this.#dispatch(context, noHandler, this.#bare, "allow", allow);
    return this.#fail(context, methodNotAllowed(allow));
  }

  #fail(context: Context, error: unknown): Steps<Response> {
    return this.#dispatch(context, noHandler, this.#bare, "fail", error);
  }

  #dispatch(context: Context, Handler: HandlerClass, stack: Stack, method: string, args: unknown): Steps<Response> {
    const handler = new Handler(context);
    context.handler = handler;
    return dispatch({ context, handler, stack, method, args }, this.#render);
  }

  #trustsHost(request: Request): boolean {
    const { hosts } = this.#settings;
    // In place of what can be none.
    return hosts === undefined ? request.host !== "_invalid_" : trustsHost(hosts, request.host);
  }

  /** One entry for each error: what was asked for without its query, what was answered and when, what went wrong. */
  #log({ request, began }: Context, status: number, error: unknown): void {
    const milliseconds = (performance.now() - began).toFixed(1);
    logError(this.logger, `${request.method} ${request.path} ${status} after ${milliseconds} ms`, error);
  }

  *#renderError(context: Context, error: unknown): Steps<Response> {
    const status = error instanceof HTTPError ? error.status : 500;
    if (!(error instanceof HTTPError)) this.#log(context, status, error);
    else if (error.cause !== undefined) this.#log(context, status, error.cause);
    const custom = this.#errorHandlers[status];
    try {
      if (custom !== undefined) {
        const given = custom(error, context.request);
        return this.#customPage(error, status, isPromise(given) ? yield given : given);
      }
      if (!this.debug) return errorPage(context, error);
      if (!(error instanceof HTTPError)) return (yield debugPage(context, error)) as Response;
      const isUnknownPath = status === 404 && context.request.rule === undefined;
      return isUnknownPath ? debugNotFound(context, this.router.describe()) : errorPage(context, error);
    } catch (failure) {
      const answer = failure instanceof HTTPError ? failure : undefined;
      this.#log(context, answer?.status ?? 500, failure);
      context.error = failure;
      context.addedHead?.drop();
      return errorPage(context, answer);
    }
  }

  #customPage(error: unknown, status: number, result: unknown): Response {
    const given = toResponse(result, status);
    const response = given === undefined ? undefined : claim(given);
    if (response === undefined) throw new TypeError(`The error handler for ${status} must return a Response or html\`...\`.`);
    if (!(result instanceof Html) || !(error instanceof HTTPError)) return response;
    for (const [name, value] of Object.entries(error.headers)) response.headers.set(name, value);
    return response;
  }

  *#beforeHead(context: Context, head: Head, response: Response): Steps<Response> {
    let current = response;
    for (let work = head.next(); work !== undefined; work = head.next()) {
      try {
        const given = work(current);
        if (isPromise(given)) yield given;
      } catch (error) {
        head.drop();
        if (!(error instanceof HTTPError)) context.error = error;
        current = yield* this.#renderError(context, error);
      }
    }
    return current;
  }

  /** Closes the head: merges what was added, leaves the body out for HEAD, ties a stream to its request. */
  #send(context: Context, response: Response, head: Head | undefined): Response {
    context.close();
    const parts = partsOf(response);
    const bodyless = context.request.method === "HEAD" && parts.body !== null;
    const streams = parts.body instanceof ReadableStream;
    if (head === undefined && !bodyless && !streams) return response;
    const headers = head === undefined ? parts.headers : head.merge(parts.headers);
    if (!bodyless) {
      const failed = (error: unknown) => this.#log(context, parts.status, error);
      const body = parts.body instanceof ReadableStream ? bindStream(context, parts.body, failed) : parts.body;
      return fromParts({ ...parts, headers, body });
    }
    if (parts.body instanceof ReadableStream) {
      void parts.body.cancel().catch((error: unknown) => this.#log(context, parts.status, error));
      return fromParts({ ...parts, headers, body: null, isUnmeasured: true });
    }
    const length = typeof parts.body === "string" ? Buffer.byteLength(parts.body) : parts.body!.byteLength;
    return fromParts({ ...parts, headers: withLength(headers, length), body: null });
  }
}

/** What answers where no handler class does. */
const noHandler = NoHandler as HandlerClass;

/** Scheme and host that URLs of a request's site have. */
const baseOf = (request: Request) => ({ scheme: request.secure ? "https" : "http", host: request.host });
