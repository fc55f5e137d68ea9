import { AsyncLocalStorage } from "node:async_hooks";
import { LocalError } from "./errors.ts";
import type { AddedHead } from "./added-head.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";

/**
 * The names of {@link local} and their types. Packages and applications add names by augmenting this interface of `"@mini/core"`.
 * Reading a name that is not set throws {@link LocalError}.
 */
export interface Local {
  /** The unexpected error that ended the request; `undefined` if there is none. */
  readonly error: unknown;
}

/** The part of a request's context that the functions of this room use. */
export interface RunningContext {
  readonly app: { urlFor(endpoint: string, args?: Readonly<Record<string, unknown>>, options?: UrlOptions): string };
  /** What the request adds to the head of its response; made at the first call. */
  head(): AddedHead;
  /** The value of a name; `undefined` if it is not set. */
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  /** Whether the application trusts the origin of a URL: a rule has its host, or it is trusted for cross-origin requests. */
  trustsOrigin(url: URL): boolean;
  /** A message that says why a name is not set, and what to do. */
  missing(name: string): string;
}

/** Keeps the context of the running request. */
export const storage = new AsyncLocalStorage<RunningContext | undefined>();

/**
 * The context of the running request.
 *
 * @param what - What the caller does, for the message: `read local.request`.
 * @throws LocalError when no request is running here.
 */
export function running(what: string): RunningContext {
  const context = storage.getStore();
  if (context === undefined) {
    throw new LocalError(
      `Cannot ${what}: no request is running here. Call this from a handler, or wrap it in runInRequest() from @mini/core/testing.`,
    );
  }
  return context;
}

/**
 * Runs work outside the running request. Use it for anything that outlives the request that happens to start it, such as a
 * connection, a timer or a cache entry: otherwise it would keep the whole request in memory, and see its {@link local}.
 */
export function withoutRequest<Result>(work: () => Result): Result {
  return storage.run(undefined, work);
}

function read(name: string): unknown {
  const context = running(`read local.${name}`);
  const value = context.get(name);
  if (value === undefined && name !== "error") throw new LocalError(context.missing(name));
  return value;
}

/**
 * A dictionary of the running request, which code anywhere in the request can use without it being passed around. Requests never
 * see each other's. `"user" in local` tells whether a name is set.
 */
export const local: Local = new Proxy(Object.create(null) as Local, {
  get: (_target, name) => (typeof name === "symbol" ? undefined : read(name)),
  has: (_target, name) => typeof name === "string" && storage.getStore()?.get(name) !== undefined,
  set(_target, name, value) {
    if (typeof name === "symbol") return false;
    running(`set local.${name}`).set(name, value);
    return true;
  },
  deleteProperty(_target, name) {
    if (typeof name === "symbol") return false;
    running(`delete local.${name}`).set(name, undefined);
    return true;
  },
});

/** Sets a name of {@link local} that is read-only for other code. For the middleware that provides it. */
export function setLocal<Name extends keyof Local>(name: Name, value: Local[Name]): void {
  running(`set local.${name}`).set(name, value);
}
