import type { Application, Config } from "../context/application.ts";
import { Context } from "../context/context.ts";
import { storage } from "../context/running-request.ts";
import { LineLogger, logError, type Logger } from "../context/logger.ts";
import type { GivenPlatform, Platform } from "../context/platform.ts";
import { Request, type RequestSettings } from "../context/request.ts";
import { ConfigError } from "../http/errors.ts";
import { Proxies, type TrustProxy } from "../http/forwarded.ts";
import { asciiHost, isHostName, isSameOrUpgrade, TrustedHosts, withoutFinalDot } from "../http/host.ts";
import type { Response } from "../http/response.ts";
import { Router } from "../routing/router.ts";
import type { EndpointName, KnownEndpoints, UrlForRest } from "../rules/endpoint-types.ts";
import type { CheckRules } from "../rules/handler-types.ts";
import type { Rule } from "../rules/rule.ts";
import { BasePath, type BasePathOption } from "../urls/base-path.ts";
import { baseOf, noOptions, type UrlOptions } from "../urls/endpoint-urls.ts";
import { CrossOrigin, type CrossOriginOption } from "./cross-origin.ts";
import { ErrorPages, type ErrorHandler } from "./error-pages.ts";
import { isPromise, platformResponse, type HandlerResult, type MiddlewareList } from "./handler.ts";
import { MiddlewareRegistry } from "./middleware.ts";
import { answerRequest, refuseRequest, type AnswerSettings } from "./request-life.ts";
import { BuiltInHandler, checkRules, Routes, type Route } from "./route.ts";

export interface AppOptions<R = readonly Rule[]> {
  /** The rules: which path runs which handler. */
  readonly rules: R;
  /** The settings of packages, by package. */
  readonly config?: Config | undefined;
  /** Middleware that runs around every handler, and around error pages and `OPTIONS` too. */
  readonly middleware?: MiddlewareList | undefined;
  /** Functions by status, which answer the errors that no middleware has answered. */
  readonly errorHandlers?: Readonly<Record<number, ErrorHandler>> | undefined;
  /** The path on the site below which the application answers, such as `"/shop"`. Default: the root. */
  readonly basePath?: BasePathOption | undefined;
  /** Peers whose `X-Forwarded-*` and `X-Request-Id` headers are used: addresses and CIDR blocks, for example. Default `false`: none. */
  readonly trustProxy?: TrustProxy | undefined;
  /** Hosts that requests may be sent to, with a port, or without one for all ports; others get 400. Default: any host. */
  readonly trustedHosts?: readonly string[] | undefined;
  /** The most bytes of a request body; a longer one gets 413. Default 1 MiB. */
  readonly maxBodySize?: number | undefined;
  /** Other origins that may send requests that change something on this site. Default `{ trusted: [] }`: none. */
  readonly crossOrigin?: CrossOriginOption | undefined;
  /** Whether error pages show errors with their source code. Refused if NODE_ENV is "production". Default false. */
  readonly debug?: boolean | undefined;
  /** Where errors are logged. Default `console`. */
  readonly logger?: Logger | undefined;
  /** Whether each request is logged, in one line with fields, when its response leaves. Default false. */
  readonly requestLog?: boolean | undefined;
}

/** An application: its rules and settings, and one function from request to response. */
export class App<const R extends readonly unknown[] = readonly unknown[]> implements Application {
  readonly config: Readonly<Config>;
  /** The logger of the options. Each message is written as one line. */
  readonly logger: Logger;
  readonly debug: boolean;
  readonly basePath: string;
  readonly maxBodySize: number;
  readonly router: Router<Route>;
  /** Settles when the inspector is loaded, which `serve()` waits for: it would miss earlier requests. `undefined` without `debug`. */
  readonly ready: Promise<void> | undefined;
  readonly #registry: MiddlewareRegistry;
  readonly #requestSettings: RequestSettings;
  readonly #answerSettings: AnswerSettings;
  /** Hosts that rules name without a parameter. */
  readonly #ownHosts: ReadonlySet<string>;

  /**
   * @throws RuleError, DuplicateRuleError for rules that cannot work, all of them in one message; ConfigError for an invalid
   *   setting.
   */
  constructor(options: AppOptions<CheckRules<R, HandlerResult>>) {
    checkRules((options as typeof options | undefined)?.rules);
    const { config = {}, middleware = [], errorHandlers = {}, trustProxy = false, trustedHosts, basePath } = options;
    const { maxBodySize = 1024 * 1024, crossOrigin = {}, debug = false, logger = console, requestLog = false } = options;
    if (typeof config !== "object" || config === null)
      throw new ConfigError("The config of an App must be an object, with one entry for each package.");
    if (!Number.isInteger(maxBodySize) || maxBodySize < 0) throw new ConfigError("maxBodySize must be a whole number of bytes, 0 or more.");
    if (debug && process.env["NODE_ENV"] === "production") {
      throw new ConfigError("debug: true shows source code to visitors: leave it out, or unset NODE_ENV=production.");
    }
    this.config = config;
    this.logger = new LineLogger(logger);
    this.debug = debug;
    this.maxBodySize = maxBodySize;
    const base = basePath === undefined ? undefined : new BasePath(basePath);
    this.basePath = base?.path ?? "";
    const hosts = trustedHosts === undefined ? undefined : new TrustedHosts(trustedHosts);
    const proxies = trustProxy === false ? undefined : new Proxies(trustProxy);
    this.#requestSettings = { proxies, trustedHosts: hosts, maxBodySize, basePath: base, logger: this.logger };
    this.#registry = new MiddlewareRegistry(this, middleware);
    const routes = new Routes(options.rules as readonly unknown[], this.#registry);
    this.router = new Router(routes.rules, routes, this.basePath);
    this.#ownHosts = new Set(routes.rules.flatMap(({ host = "" }) => ownHost(host)));
    this.#answerSettings = {
      router: this.router,
      basePath: this.basePath,
      trustedHosts: hosts,
      crossOrigin: new CrossOrigin(crossOrigin),
      middleware: this.#registry.stack(BuiltInHandler),
      errorPages: new ErrorPages(errorHandlers, () => this.router.describe()),
      requestLog,
      inspector: undefined,
    };
    this.ready = debug ? this.#inspect() : undefined;
  }

  /**
   * Loads the inspector, which only applications with `debug` have. A bundler that knows that NODE_ENV is "production" leaves it
   * out, because `debug` is an error there.
   */
  async #inspect(): Promise<void> {
    if (process.env["NODE_ENV"] !== "production") {
      try {
        const { Inspector } = await import("../inspector/inspector.ts");
        this.#answerSettings.inspector = new Inspector(this.router.rules, () => this.router.describe());
      } catch (error) {
        logError(this.logger, "The inspector cannot be loaded", error);
      }
    }
  }

  /**
   * Answers a request with a response of the platform. Bound to the application, so that it can be passed around: `const { fetch } = app`.
   * Never throws or rejects. Returns a promise only if a step had to wait for one.
   *
   * @param platform - What the platform knows about the request. The arguments that Bun, Deno and workerd pass to the `fetch` of a
   * default export work too.
   */
  readonly fetch = (
    request: globalThis.Request,
    platform?: Platform | object,
    context?: object,
  ): globalThis.Response | Promise<globalThis.Response> => {
    const given = platform === undefined ? undefined : { given: platform, context };
    const response = this.answer(request, given);
    return isPromise(response) ? response.then(platformResponse) : platformResponse(response);
  };

  /** Like {@link fetch}, with a response of this package, which `serve()` sends without making one of the platform. */
  answer(request: globalThis.Request, platform?: GivenPlatform): Response | Promise<Response> {
    const context = this.createContext(request, platform);
    return storage.run(context, answerRequest, this.#answerSettings, context);
  }

  /** The response to a malformed request, which the server refuses itself: no body, and the headers that every response has. */
  refuse(request: globalThis.Request, status: number): Response {
    return refuseRequest(this.#answerSettings, this.createContext(request), status);
  }

  /** Sets in `local` what the middleware of the application provides without a handler. */
  provideLocals(request: Request): void {
    for (const each of this.#answerSettings.middleware.middleware) each.provideLocals?.(request);
  }

  /** Makes the context of a request, for code that runs it itself, as `runInRequest()` does. */
  createContext(request: globalThis.Request, platform?: GivenPlatform): Context {
    return new Context(this, new Request(request, this.#requestSettings, platform));
  }

  /**
   * The URL of an endpoint, like {@link urlFor}. Works inside a request and outside. The compiler knows the endpoints and parameters of
   * the rules that this application was made with.
   *
   * @throws BuildError that names what is missing or cannot be written into a URL.
   */
  urlFor<Name extends EndpointName<KnownEndpoints<R>>>(endpoint: Name, ...rest: UrlForRest<KnownEndpoints<R>, Name, UrlOptions>): string;
  urlFor(endpoint: string, args: Readonly<Record<string, unknown>> = {}, options: UrlOptions = noOptions): string {
    const request = storage.getStore()?.get("request") as Request | undefined;
    return this.router.build(endpoint, args, options, request === undefined ? undefined : baseOf(request));
  }

  trustsOrigin(url: URL, request: Request): boolean {
    if (this.#answerSettings.crossOrigin.trusts(url.origin)) return true;
    return this.#ownHosts.has(withoutFinalDot(url.hostname)) && isSameOrUpgrade(new URL(request.url), url);
  }

  provider(name: string): string | undefined {
    return this.#registry.provider(name);
  }
}

/** The host of a rule in its normal form, if it has no parameters. */
function ownHost(host: string): readonly string[] {
  const ascii = asciiHost(host);
  return isHostName(ascii) ? [withoutFinalDot(ascii.toLowerCase())] : [];
}
