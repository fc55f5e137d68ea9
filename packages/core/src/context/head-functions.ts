import type { CookieOptions } from "../http/cookie.ts";
import type { HeadFunction } from "./added-head.ts";
import { running } from "./local.ts";

/**
 * Registers a function that runs once, after all hooks, before status and headers of the response are sent: the last moment to add
 * to them. The functions run in reverse order of registration and are awaited. If one throws, the response to the error replaces
 * the response, and the remaining functions still run.
 *
 * @throws Error once the head is being written; {@link LocalError} outside a request.
 */
export function beforeHead(work: HeadFunction): void {
  running("register a beforeHead function").head().before(work);
}

/**
 * Sets a cookie with the response to the running request, whichever response that is. It replaces an earlier cookie with the same
 * name, domain and path. An unexpected error drops it.
 *
 * @throws TypeError for a cookie that browsers would drop or change.
 */
export function setCookie(name: string, value: string, options: CookieOptions = {}): void {
  running("set a cookie").head().setCookie(name, value, options, false);
}

/** Clears a cookie, even if an error is answered. Domain and path must be those that it was set with. */
export function deleteCookie(name: string, options: CookieOptions = {}): void {
  running("delete a cookie")
    .head()
    .setCookie(name, "", { ...options, maxAge: 0, expires: new Date(0) }, true);
}

/** Sets a header of the response to the running request, in place of the response's own. An unexpected error drops it. */
export function setHeader(name: string, value: string): void {
  running("set a header").head().setHeader(name, value);
}

/** Adds the name of a request header to `Vary`: the response depends on it. */
export function vary(name: string): void {
  running("add to Vary").head().vary(name);
}
