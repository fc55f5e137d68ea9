import type { CookieOptions, serializeCookie } from "../http/cookie.ts";
import { checkHeader, flatValue, without, type FlatHeaders } from "../http/headers.ts";
import type { Response } from "../http/response.ts";
import { noteError } from "../http/served-request.ts";
import type { Application } from "./application.ts";
import { describeError, plainText } from "./error-text.ts";
import { LocalError } from "./errors.ts";
import { logError, type LogFields } from "./logger.ts";
import type { Recording } from "../tracing/trace.ts";
import { dependOn, servedOf, type Request } from "./request.ts";

/** What a log entry says about a request. */
export type RequestFields = Readonly<Record<"rule" | "endpoint" | "ip" | "userAgent", string | undefined>> & {
  readonly method: string;
  /** Without the query, which often has personal data. */
  readonly path: string;
  readonly status: number;
  /** Milliseconds from the head of the request to that of the response. */
  readonly ms: number;
  readonly requestId: string;
};

/** The fields that are not in the summary of a request: its method, path, status and time. */
export function withoutSummary({ rule, endpoint, requestId, ip, userAgent }: RequestFields): LogFields {
  return { rule, endpoint, requestId, ip, userAgent };
}

/** The context of one request: everything that belongs to it and lasts as long as it does. */
export class Context {
  readonly app: Application;
  readonly request: Request;
  /** When the request began, in milliseconds of `performance.now()`. */
  readonly began = performance.now();
  /** The handler of the request; `undefined` until it is made. */
  handler: object | undefined = undefined;
  /** Whether an unexpected error ended the request. It is separate from the error, because `undefined` can be thrown too. */
  hasFailed = false;
  /** The unexpected error that ended the request. */
  error: unknown = undefined;
  #head: AddedHead | undefined = undefined;
  #closed = false;
  /** The streams of responses that were replaced; `undefined`: none. */
  discarded: Set<ReadableStream> | undefined = undefined;
  /** What the request records for the inspector; `undefined` without `debug`. */
  recording: Recording | undefined = undefined;
  #values: Map<string, unknown> | undefined = undefined;

  constructor(app: Application, request: Request) {
    this.app = app;
    this.request = request;
  }

  /** What the request adds to the head of its response; made at the first call. */
  head(): AddedHead {
    this.#mustBeOpen();
    return (this.#head ??= new AddedHead(this.app.basePath));
  }

  /** Notes a request header that the response depends on. @throws Error when the head is being sent. */
  vary(name: string): void {
    checkHeader(name, "");
    this.#mustBeOpen();
    dependOn(this.request, name);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error("Cannot add to the response: its head is being sent, or was sent.");
  }

  /** Closes the head: nothing can be added to it any more. */
  close(): void {
    this.#closed = true;
  }

  /** Notes the unexpected error that ends the request. Cookies and headers of the request are dropped, except those that clear a cookie. */
  fail(error: unknown): void {
    this.hasFailed = true;
    this.error = error;
    this.#head?.drop();
  }

  /** Logs an error with the request's method and path, the status of the response, and how long the request took. */
  logError(status: number, error: unknown): void {
    const fields = this.logFields(status);
    logError(
      this.app.logger,
      `${fields.method} ${fields.path} ${status} after ${fields.ms.toFixed(1)} ms`,
      error,
      fields,
      withoutSummary(fields),
    );
    servedOf(this.request)[noteError]?.(describeError(error));
  }

  /** What a log entry says about the request. Texts of the client are cut, and have no control characters. */
  logFields(status: number): RequestFields {
    const { method, path, rule, id, ip } = this.request;
    const ms = Math.round((performance.now() - this.began) * 10) / 10;
    const userAgent = servedOf(this.request).headers.get("user-agent") ?? undefined;
    const sent = { method, path: plainText(path), status, ms, rule: rule?.path, endpoint: rule?.endpoint };
    return { ...sent, requestId: id, ip, userAgent: userAgent === undefined ? undefined : plainText(userAgent) };
  }

  /** What was added to the head; `undefined` if nothing was. */
  get addedHead(): AddedHead | undefined {
    return this.#head;
  }

  /** The value of a name of `local`; `undefined` if it is not set. */
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

  /** Whether a name of `local` is set. A name that was set to `undefined` is. */
  has(name: string): boolean {
    return name === "error" ? this.hasFailed : this.get(name) !== undefined || this.#values?.has(name) === true;
  }

  /** Sets a name of `local`. */
  set(name: string, value: unknown): void {
    checkOwnName("set", name);
    (this.#values ??= new Map()).set(name, value);
  }

  /** Removes a name of `local`. */
  delete(name: string): void {
    checkOwnName("delete", name);
    this.#values?.delete(name);
  }

  /** Whether the application trusts the origin of a URL: a rule has its host, or it is trusted for cross-origin requests. */
  trustsOrigin(url: URL): boolean {
    return this.app.trustsOrigin(url, this.request);
  }

  /** A message that says why a name of `local` is not set, and what to do. */
  missing(name: string): string {
    const handler = this.handler === undefined ? "the handler" : this.handler.constructor.name;
    const provider = this.app.provider(name) ?? LocalError.providers.get(name);
    return provider === undefined
      ? `Cannot read local.${name}: nothing has set it in this request. Add the middleware that sets it to the "middleware" of ${handler}, or check first with "${name}" in local.`
      : `Cannot read local.${name}: ${provider} sets it, and the "middleware" of ${handler} does not list ${provider}.`;
  }
}

function checkOwnName(doing: string, name: string): void {
  if (name === "request" || name === "app" || name === "handler" || name === "error") {
    throw new TypeError(`Cannot ${doing} local.${name}: it belongs to the request itself.`);
  }
}

/** A function that runs once, after all hooks, before status and headers are sent. */
export type HeadFunction = (response: Response) => void | Promise<void>;

interface HeadCookie {
  /** A cookie replaces an earlier one with the same key. */
  readonly key: string;
  readonly line: string;
  readonly clearing: boolean;
}

/** What a request adds to the head of its response, whichever response that is: cookies, headers, and functions to run before it is sent. */
export class AddedHead {
  #cookies: HeadCookie[] = [];
  #headers: FlatHeaders = [];
  readonly #functions: HeadFunction[] = [];
  /** The path of cookies without a path; empty for the root. */
  readonly #basePath: string;

  constructor(basePath: string) {
    this.#basePath = basePath;
  }

  /** @param write - `serializeCookie`, which only the functions that set cookies load. */
  setCookie(write: typeof serializeCookie, name: string, value: string, given: CookieOptions, clearing: boolean): void {
    // Browsers keep a __Host- cookie only with the path "/".
    const isOfBase = this.#basePath !== "" && given.path === undefined && !/^__host-/i.test(name);
    const options = isOfBase ? { ...given, path: this.#basePath } : given;
    const line = write(name, value, options);
    // Browsers replace a cookie by another one with the same key. They keep a partitioned cookie beside an unpartitioned
    // one of the same name.
    const { domain = "", path = "/", partitioned = false } = options;
    const key = `${name};${domain.replace(/^\./, "").toLowerCase()};${path};${partitioned}`;
    this.#cookies = [...this.#cookies.filter((cookie) => cookie.key !== key), { key, line, clearing }];
  }

  setHeader(name: string, value: string): void {
    checkHeader(name, value);
    const lower = name.toLowerCase();
    this.#headers = [...without(this.#headers, lower), lower, value];
  }

  before(work: HeadFunction): void {
    this.#functions.push(work);
  }

  /** Removes and returns the function that was registered last; `undefined` when all have run. */
  next(): HeadFunction | undefined {
    return this.#functions.pop();
  }

  /** Drops cookies and headers after an error, except those that clear a cookie. */
  drop(): void {
    this.#cookies = this.#cookies.filter(({ clearing }) => clearing);
    this.#headers = [];
  }

  /** The headers of a response with those of the request. */
  merge(headers: FlatHeaders): FlatHeaders {
    const merged: FlatHeaders = [];
    for (const flat of [headers, this.#headers]) {
      for (let i = 0; i < flat.length; i += 2) {
        const name = flat[i]!;
        const isReplaced = flat === headers && flatValue(this.#headers, name) !== undefined;
        if (!isReplaced) merged.push(name, flat[i + 1]!);
      }
    }
    for (const { line } of this.#cookies) merged.push("set-cookie", line);
    return merged;
  }
}
