import type { Logger } from "./logger.ts";
import type { UrlOptions } from "./endpoints.ts";

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
  /** Whether redirects may lead to this origin, as a rule's host or one in `crossOrigin.trusted`. */
  trustsOrigin(url: URL): boolean;
  /** Class name of the middleware that says it provides a name of `local`, among those the application knows. */
  provider(name: string): string | undefined;
}
