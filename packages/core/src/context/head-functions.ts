import type { CookieOptions } from "../http/cookie.ts";
import type { HeadFunction } from "./added-head.ts";
import { running } from "./local.ts";

/**
 * Has `work` called once, after all hooks, before status and headers of the running request leave: the last
 * moment to add to them. Functions run in reverse order of registration and are awaited. If one throws, the
 * error's response takes the response's place, and those that are left still run.
 *
 * @throws Error once the head is being written; {@link LocalError} outside a request.
 */
export function beforeHead(work: HeadFunction): void {
  running("register a beforeHead function").head().before(work);
}

/**
 * Sets a cookie with whichever response leaves, in place of an earlier one with the same name, domain and path.
 * An unexpected error drops it.
 *
 * @throws TypeError for what no cookie can hold, and for options that break the rules of a `__Host-` name.
 */
export function setCookie(name: string, value: string, options: CookieOptions = {}): void {
  running("set a cookie").head().setCookie(name, value, options, false);
}

/** Clears a cookie, even with an error's response. Domain and path must be those it was set with. */
export function deleteCookie(name: string, options: CookieOptions = {}): void {
  running("delete a cookie")
    .head()
    .setCookie(name, "", { ...options, maxAge: 0, expires: new Date(0) }, true);
}

/** Sets a header on whichever response leaves, in place of the response's own. An unexpected error drops it. */
export function setHeader(name: string, value: string): void {
  running("set a header").head().setHeader(name, value);
}

/** Says that the answer depends on a request header: its name is added to `Vary`. */
export function vary(name: string): void {
  running("add to Vary").head().vary(name);
}
