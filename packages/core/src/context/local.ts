import { AsyncLocalStorage } from "node:async_hooks";
import { LocalError } from "../http/errors.ts";
import type { AddedHead } from "./added-head.ts";
import type { UrlOptions } from "../urls/endpoint-urls.ts";

/**
 * What the running request knows, by name. Packages and applications add names by augmenting this interface of
 * `"@mini/core"`; reading what was not set throws {@link LocalError}.
 */
export interface Local {
  /** The unexpected error that ended the request; `undefined` as long as there is none. */
  readonly error: unknown;
}

/** The least that is needed of a running request here; the application's context is one. */
export interface RunningContext {
  readonly app: { urlFor(endpoint: string, args?: Readonly<Record<string, unknown>>, options?: UrlOptions): string };
  /** What is added to the response's head; made at the first call. */
  head(): AddedHead;
  /** What is set under a name; `undefined`: nothing. */
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  /** Whether the application names this origin: by a rule's host, or as trusted for cross-origin requests. */
  trustsOrigin(url: URL): boolean;
  /** Why nothing is set under a name, and what to do. */
  missing(name: string): string;
}

/** The one store of the request-local context. */
export const storage = new AsyncLocalStorage<RunningContext | undefined>();

/**
 * The context of the running request.
 *
 * @param what - What is being done, for the message: `read local.request`.
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
 * Runs work as if no request was running: for what outlives the request that happens to begin it, such as a connection, a
 * timer or an entry of a cache. It would keep all of the request in memory, and find a {@link local} that is over.
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
 * The running request's own dictionary, reached from anywhere without being passed around. Two requests never
 * see each other's. `"user" in local` asks whether something is set.
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

/** Sets a name of {@link local} that is read-only for everybody else; for the middleware that provides it. */
export function setLocal<Name extends keyof Local>(name: Name, value: Local[Name]): void {
  running(`set local.${name}`).set(name, value);
}
