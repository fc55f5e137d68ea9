import { UnsafeRedirectError } from "./errors.ts";
import { running } from "./running-request.ts";
import type { Request } from "./request.ts";
import { fromParts, Response } from "../http/response.ts";
import { withQuery } from "../urls/redirect-target.ts";

export interface RedirectOptions {
  /** Default 302. */
  readonly status?: number | undefined;
  /** Whether the redirect may leave the site. Only for a target that the application has chosen. Default false. */
  readonly external?: boolean | undefined;
}

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 305, 307, 308]);

/**
 * A redirect to a URL on this site. The target is parsed as browsers parse it (WHATWG URL, relative to the request). If it has the host
 * of the request, only its path, query and fragment are sent, so that no spelling of another site gets through. The whole URL is sent
 * for a redirect from http to https on that host.
 *
 * @param location - May come from a visitor, in a query argument for example.
 * @throws UnsafeRedirectError, answered with 400, for a target on another host, with a user name, or that is neither http nor
 *   https. A host that a rule names and an origin in `crossOrigin.trusted` are allowed.
 * @throws TypeError for a status that is not a redirect.
 */
export function redirect(location: string, options: number | RedirectOptions = {}): Response {
  const { status = 302, external = false } = typeof options === "number" ? { status: options } : options;
  if (!statuses.has(status)) throw new TypeError(`Cannot redirect with status ${status}: use 301, 302, 303, 305, 307 or 308.`);
  const { app, request } = running("redirect");
  let url: URL;
  try {
    url = new URL(location, request.url);
  } catch {
    // new URL() throws for text that is not a URL.
    throw new UnsafeRedirectError();
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "") {
    throw new UnsafeRedirectError();
  }
  return new Response(null, { status, headers: { location: target(url) } });

  function target(to: URL): string {
    const own = new URL(request.url);
    if (to.host === own.host) {
      // A path keeps the scheme of the request, so an upgrade to https needs the whole URL. A host with a port serves one scheme, and
      // https is never left for http.
      const isUpgrade = own.protocol === "http:" && to.protocol === "https:" && own.port === "";
      return isUpgrade ? to.href : `/${to.pathname.replace(/^\/+/, "")}${to.search}${to.hash}`;
    }
    if (external || app.trustsOrigin(to, request)) return to.href;
    throw new UnsafeRedirectError();
  }
}

/**
 * A {@link redirect} with status 303, which the browser follows with GET: the answer to a form that was accepted, so that loading the page
 * again does not send the form again.
 */
export function seeOther(location: string): Response {
  return redirect(location, 303);
}

/** The redirect of a rule: 308, with the query of the request. */
export function redirectTo(location: string, { search }: Request): Response {
  return fromParts({ body: null, status: 308, statusText: "", headers: ["location", withQuery(location, search)] });
}
