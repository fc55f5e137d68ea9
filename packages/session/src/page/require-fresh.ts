import { accepts, ConfigError, HTTPError, local, redirect, urlFor } from "@mini/core";
import type { Middleware, RequestHandler } from "@mini/core";
import type { RequestSessions } from "../request/request.ts";

export interface RequireFreshOptions {
  /** The endpoint of the log-in page. Default `log-in`. */
  readonly endpoint?: string | undefined;
}

/** Milliseconds that the clocks of two servers may differ. */
const clockSkew = 60_000;

/**
 * Middleware that lets in visitors who have logged in with `regenerate({ owner })` within the last `seconds`. Others are redirected
 * to the log-in page with 303. The query argument `next` has the path of this page. A request that changes something is redirected
 * without `next`, because it cannot be sent again. A client that prefers JSON, or does not accept HTML, gets 401.
 *
 * @throws ConfigError when `seconds` is not a number over 0.
 * @example
 * ```ts
 * import { html, RequestHandler } from "@mini/core";
 * import { requireFresh, SessionMiddleware } from "@mini/session";
 *
 * export class Keys extends RequestHandler {
 *   static override middleware = [SessionMiddleware, requireFresh(15 * 60)];
 *
 *   get() {
 *     return html`<p>The keys of your account`;
 *   }
 * }
 * ```
 */
export function requireFresh(seconds: number, { endpoint = "log-in" }: RequireFreshOptions = {}): Middleware {
  if (typeof (seconds as unknown) !== "number" || !(seconds > 0)) {
    throw new ConfigError("requireFresh() needs a number of seconds over 0, such as requireFresh(15 * 60).");
  }
  return {
    async beforeDispatch({ app, request }: RequestHandler) {
      const store = local.sessionStore as RequestSessions;
      const { authenticatedAt } = await store.getSession();
      const age = store.settings.now() - (authenticatedAt ?? Number.NaN);
      if (age >= -clockSkew && age <= seconds * 1000) return undefined;
      const { method, path, search } = request;
      if (accepts("text/html", "application/json") !== "text/html") {
        // RFC 9110 §15.5.2 requires a challenge. Browsers do not show a dialog for this one.
        throw new HTTPError(401, "Log in again to do this.", { headers: { "www-authenticate": "Cookie" } });
      }
      // With two slashes at its start, it could be read as another host.
      const next = method === "GET" || method === "HEAD" ? `${app.basePath}/${path.replace(/^\/+/, "")}${search}` : undefined;
      return redirect(urlFor(endpoint as never, { next } as never), 303);
    },
  };
}
