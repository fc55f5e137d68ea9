import type { Application, Config } from "../context/application.ts";
import { Context } from "../context/context.ts";
import { storage } from "../context/local.ts";
import type { Logger } from "../context/logger.ts";
import { Request, type RequestSettings } from "../context/request.ts";
import { ConfigError } from "../http/errors.ts";
import { Proxies, type TrustProxy } from "../http/forwarded.ts";
import { isHostName } from "../http/host.ts";
import type { Response } from "../http/response.ts";
import { Router } from "../routing/router.ts";
import type { CheckRules } from "../rules/handler-types.ts";
import type { Rule } from "../rules/rule.ts";
import { baseOf, noOptions, type UrlOptions } from "../urls/endpoint-urls.ts";
import { CrossOrigin, type CrossOriginOption } from "./cross-origin.ts";
import { ErrorPages, type ErrorHandler } from "./error-pages.ts";
import type { HandlerResult, MiddlewareList } from "./handler.ts";
import { MiddlewareRegistry } from "./middleware.ts";
import { answerRequest, type LifeSettings } from "./request-life.ts";
import { BuiltInHandler, Routes, type Route } from "./route.ts";

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
  readonly router: Router<Route>;
  readonly #registry: MiddlewareRegistry;
  readonly #requestSettings: RequestSettings;
  readonly #lifeSettings: LifeSettings;
  /** Hosts that rules name without a parameter. */
  readonly #ownHosts: ReadonlySet<string>;

  /**
   * @throws RuleError, {@link DuplicateRuleError} for rules that cannot work, all of them in one message;
   *   ConfigError for a setting that cannot be meant.
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
    const hosts = trustedHosts === undefined ? undefined : new Set(trustedHosts.map((host) => host.toLowerCase()));
    const proxies = trustProxy === false ? undefined : new Proxies(trustProxy);
    this.#requestSettings = { proxies, trustedHosts: hosts, maxBodySize };
    this.#registry = new MiddlewareRegistry(this, middleware);
    const routes = new Routes(options.rules as readonly unknown[], this.#registry);
    this.router = new Router(routes.rules, routes);
    this.#ownHosts = new Set(routes.rules.flatMap(({ host = "" }) => (isHostName(host) ? [host.toLowerCase()] : [])));
    this.#lifeSettings = {
      router: this.router,
      trustedHosts: hosts,
      crossOrigin: new CrossOrigin(crossOrigin),
      middleware: this.#registry.stack(BuiltInHandler),
      errorPages: new ErrorPages(errorHandlers, () => this.router.describe()),
    };
  }

  /**
   * Answers a request. Never rejects and never throws; without a promise where nothing on the way needed one.
   */
  fetch(request: globalThis.Request): Response | Promise<Response> {
    const context = this.createContext(request);
    return storage.run(context, answerRequest, this.#lifeSettings, context);
  }

  /** The context of a request; for what runs one itself, as `runInRequest()` does. */
  createContext(request: globalThis.Request): Context {
    return new Context(this, new Request(request, this.#requestSettings));
  }

  /**
   * The URL of an endpoint, as {@link urlFor} gives it, inside a request or outside.
   *
   * @throws BuildError naming what is missing.
   */
  urlFor(endpoint: string, args: Readonly<Record<string, unknown>> = {}, options: UrlOptions = noOptions): string {
    const request = storage.getStore()?.get("request") as Request | undefined;
    return this.router.build(endpoint, args, options, request === undefined ? undefined : baseOf(request));
  }

  trustsOrigin(url: URL, request: Request): boolean {
    if (this.#lifeSettings.crossOrigin.trusts(url.origin)) return true;
    const { scheme, host } = baseOf(request);
    const own = new URL(`${scheme}://${host}`);
    return this.#ownHosts.has(url.hostname) && url.protocol === own.protocol && url.port === own.port;
  }

  provider(name: string): string | undefined {
    return this.#registry.provider(name);
  }
}
