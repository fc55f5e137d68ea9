import { AsyncLocalStorage } from "node:async_hooks";
import { AddedHead, serializeCookie, type CookieOptions, type HeadFunction } from "../http/cookie.ts";
import type { Application } from "./application.ts";
import type { Context } from "./context.ts";
import { LocalError } from "./errors.ts";
import type { Request } from "./request.ts";

/**
 * The names of {@link local} and their types. Packages and applications add names by augmenting this interface of `"@mini/core"`.
 * Reading a name that is not set throws {@link LocalError}.
 */
export interface Local {
  readonly app: Application;
  readonly request: Request;
  /**
   * The unexpected error that ended the request; `undefined` if there is none. `"error" in local` tells whether there is one, because
   * `undefined` can be thrown too.
   */
  readonly error: unknown;
}

/**
 * Keeps the context of the running request.
 *
 * @internal
 */
export const storage = new AsyncLocalStorage<Context | undefined>();

/**
 * The context of the running request.
 *
 * @param what - What the caller does, for the message: `read local.request`.
 * @throws LocalError when no request is running here.
 */
export function running(what: string): Context {
  const context = storage.getStore();
  if (context === undefined) {
    throw new LocalError(
      `Cannot ${what}: no request is running here. Call this from a handler, or wrap it in runInRequest() from @mini/core/testing.`,
    );
  }
  return context;
}

/**
 * Runs work outside the running request. Use it to create anything that lives longer than the request, such as a connection, a
 * timer or a cache entry. Otherwise this object keeps the whole request in memory and can read its {@link local}.
 */
export function withoutRequest<Result>(work: () => Result): Result {
  return storage.run(undefined, work);
}

/**
 * Names that JavaScript reads from any object: `then` for `await`, `toJSON` for `JSON.stringify()`, and everything that a plain object
 * inherits. They are not values of the request, so reading them never throws.
 */
export const probes: ReadonlySet<string> = /* @__PURE__ */ namesOfEveryObject();

function namesOfEveryObject(): ReadonlySet<string> {
  return new Set(["then", "toJSON", ...Object.getOwnPropertyNames(Object.prototype)]);
}

function read(name: string): unknown {
  const context = probes.has(name) ? storage.getStore() : running(`read local.${name}`);
  const value = context?.get(name);
  if (value === undefined && name !== "error" && !probes.has(name) && !context!.has(name)) throw new LocalError(missing(context!, name));
  return value;
}

/** Why a name of `local` is not set, and what to do. */
function missing({ app, handler }: Context, name: string): string {
  const owner = handler === undefined ? "the handler" : handler.constructor.name;
  const provider = app.provider(name) ?? LocalError.providers.get(name);
  return provider === undefined
    ? `Cannot read local.${name}: nothing has set it in this request. Add the middleware that sets it to the "middleware" of ${owner}, or check first with "${name}" in local.`
    : `Cannot read local.${name}: ${provider} sets it, and the "middleware" of ${owner} does not list ${provider}.`;
}

/** The running request, for a change of one of its values. */
function changing(doing: "set" | "delete", name: string): Context {
  const context = running(`${doing} local.${name}`);
  if (["request", "app", "handler", "error"].includes(name))
    throw new TypeError(`Cannot ${doing} local.${name}: it belongs to the request itself.`);
  return context;
}

/**
 * A dictionary of the running request, which any code in the request can use. A request never sees the values of another request.
 * `"user" in local` tells whether a name is set.
 */
export const local: Local = /* @__PURE__ */ new Proxy(/* @__PURE__ */ Object.create(null) as Local, {
  get: (_target, name) => (typeof name === "symbol" ? undefined : read(name)),
  has: (_target, name) => typeof name === "string" && storage.getStore()?.has(name) === true,
  set(_target, name, value) {
    if (typeof name === "symbol") return false;
    changing("set", name).set(name, value);
    return true;
  },
  deleteProperty(_target, name) {
    if (typeof name === "symbol") return false;
    changing("delete", name).delete(name);
    return true;
  },
});

/** Sets a name of {@link local} that is read-only for other code. For the middleware that provides it. */
export function setLocal<Name extends keyof Local>(name: Name, value: Local[Name]): void {
  changing("set", name).set(name, value);
}

/**
 * Registers a function that runs once, after all hooks, before status and headers of the response are sent. It is the last moment
 * to add to them. The functions run in reverse order of registration and are awaited. If one throws, the response to the error
 * replaces the response, and the remaining functions still run.
 *
 * @throws Error once the head is being written; {@link LocalError} outside a request.
 */
export function beforeHead(work: HeadFunction): void {
  running("register a beforeHead function").head(AddedHead).addFunction(work);
}

/**
 * Sets a cookie with the response to the running request, whichever response is sent. It replaces an earlier cookie with the same
 * name, domain, path and `partitioned`. An unexpected error, or any error of a `beforeHead` function, drops it.
 *
 * @throws TypeError for a cookie that browsers would drop or change.
 */
export function setCookie(name: string, value: string, options: CookieOptions = {}): void {
  running("set a cookie").head(AddedHead).setCookie(serializeCookie, name, value, options, false);
}

/** Clears a cookie, even if the response is an error. Domain, path and `partitioned` must be those with which it was set. */
export function deleteCookie(name: string, options: CookieOptions = {}): void {
  running("delete a cookie")
    .head(AddedHead)
    .setCookie(serializeCookie, name, "", { ...options, maxAge: 0, expires: new Date(0) }, true);
}

/**
 * Sets a header of the response to the running request, instead of the response's own. An unexpected error, or any error of a
 * `beforeHead` function, drops it.
 */
export function setHeader(name: string, value: string): void {
  running("set a header").head(AddedHead).setHeader(name, value);
}

/** Adds the name of a request header to `Vary`: the response depends on it. */
export function vary(name: string): void {
  running("add to Vary").vary(name);
}
