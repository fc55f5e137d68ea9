import type { Logger } from "./logger.ts";
import type { Request } from "./request.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";

/** Settings by package. A package adds its own by augmenting this interface of `"@mini/core"`. */
export interface Config {}

/** What handlers, middleware and the request's context see of their {@link App}. */
export interface Application {
  readonly config: Readonly<Config>;
  readonly logger: Logger;
  /** Whether error pages show what went wrong. */
  readonly debug: boolean;
  /** Like the function `urlFor`; works outside a request too. */
  urlFor(endpoint: string, args?: Readonly<Record<string, unknown>>, options?: UrlOptions): string;
  /** Whether a request may be redirected there: to a host that a rule names, on the request's scheme and port, or to an origin in `crossOrigin.trusted`. */
  trustsOrigin(url: URL, request: Request): boolean;
  /** Class name of the middleware that says it provides a name of `local`, among those the application knows. */
  provider(name: string): string | undefined;
}
