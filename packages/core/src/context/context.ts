import type { Application } from "./application.ts";
import { AddedHead } from "./added-head.ts";
import type { RunningContext } from "./local.ts";
import { logError } from "./logger.ts";
import type { Request } from "./request.ts";

declare module "./local.ts" {
  interface Local {
    readonly app: Application;
  }
}

/** The context of one request: everything that belongs to it and lasts as long as it does. */
export class Context implements RunningContext {
  readonly app: Application;
  readonly request: Request;
  /** When the request began, in milliseconds of `performance.now()`. */
  readonly began = performance.now();
  /** The handler of the request; `undefined` until it is made. */
  handler: object | undefined = undefined;
  /** The unexpected error that ended the request. */
  error: unknown = undefined;
  #head: AddedHead | undefined = undefined;
  #closed = false;
  #values: Map<string, unknown> | undefined = undefined;

  constructor(app: Application, request: Request) {
    this.app = app;
    this.request = request;
  }

  head(): AddedHead {
    if (this.#closed) throw new Error("Cannot add to the response: its head is being sent, or was sent.");
    return (this.#head ??= new AddedHead());
  }

  /** Nothing can be added to the head from here on. */
  close(): void {
    this.#closed = true;
  }

  /** Notes the unexpected error that ends the request. Cookies and headers of the request are dropped, except those that clear a cookie. */
  fail(error: unknown): void {
    this.error = error;
    this.#head?.drop();
  }

  /** Logs an error with the request's method and path, the status of the response, and how long the request took. */
  logError(status: number, error: unknown): void {
    const { method, path } = this.request;
    const milliseconds = (performance.now() - this.began).toFixed(1);
    logError(this.app.logger, `${method} ${path} ${status} after ${milliseconds} ms`, error);
  }

  /** What was added to the head; `undefined` if nothing was. */
  get addedHead(): AddedHead | undefined {
    return this.#head;
  }

  get(name: string): unknown {
    switch (name) {
      case "request":
        return this.request;
      case "app":
        return this.app;
      case "handler":
        return this.handler;
      case "error":
        return this.error;
      default:
        return this.#values?.get(name);
    }
  }

  set(name: string, value: unknown): void {
    if (name === "request" || name === "app" || name === "handler" || name === "error") {
      throw new TypeError(`Cannot set local.${name}: it belongs to the request itself.`);
    }
    if (value === undefined) this.#values?.delete(name);
    else (this.#values ??= new Map()).set(name, value);
  }

  trustsOrigin(url: URL): boolean {
    return this.app.trustsOrigin(url, this.request);
  }

  missing(name: string): string {
    const handler = this.handler === undefined ? "the handler" : this.handler.constructor.name;
    const provider = this.app.provider(name);
    return provider === undefined
      ? `Cannot read local.${name}: nothing has set it in this request. Add the middleware that sets it to the "middleware" of ${handler}, or ask first with "${name}" in local.`
      : `Cannot read local.${name}: ${provider} sets it, and the "middleware" of ${handler} does not list ${provider}.`;
  }
}
