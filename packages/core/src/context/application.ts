import type { Logger } from "./logger.ts";
import type { Request } from "./request.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";

/** The settings of packages, by package. A package adds its own by augmenting this interface of `"@mini/core"`. */
export interface Config {}

/** The `App`, as handlers, middleware and the context of a request see it. */
export interface Application {
  readonly config: Readonly<Config>;
  readonly logger: Logger;
  /** Whether error pages show details of an error. */
  readonly debug: boolean;
  /** The path below which the application answers, such as `/shop`; empty at the root of its site. */
  readonly basePath: string;
  /** The URL of an endpoint, like the function `urlFor`. Works outside a request too. */
  urlFor(endpoint: string, args?: Readonly<Record<string, unknown>>, options?: UrlOptions): string;
  /** Whether a request may be redirected to a URL: one with a host that a rule names and the scheme and port of the request, or with an origin in `crossOrigin.trusted`. */
  trustsOrigin(url: URL, request: Request): boolean;
  /** Name of the middleware class that provides a name of `local`; `undefined` if no middleware of the application does. */
  provider(name: string): string | undefined;
}
