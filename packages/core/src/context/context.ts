import { checkHeader } from "../http/headers.ts";
import { noteError } from "../http/served-request.ts";
import type { Application } from "./application.ts";
import { describeError, plainText } from "./error-text.ts";
import { logError, type LogFields } from "./logger.ts";
import type { Recording } from "../tracing/trace.ts";
import { dependOn, servedOf, type Request } from "./request.ts";
import type { AddedHead } from "../http/cookie.ts";

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

  /**
   * What the request adds to the head of its response; made at the first call.
   *
   * @param Head - The class itself, so that only code that adds to a head loads it.
   */
  head(Head: typeof AddedHead): AddedHead {
    this.#mustBeOpen();
    return (this.#head ??= new Head(this.app.basePath));
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
    return {
      method,
      path: plainText(path),
      status,
      ms,
      rule: rule?.path,
      endpoint: rule?.endpoint,
      requestId: id,
      ip,
      userAgent: userAgent === undefined ? undefined : plainText(userAgent),
    };
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

  /** Whether a name of `local` is set. A name that was set to `undefined` counts as set. */
  has(name: string): boolean {
    return name === "error" ? this.hasFailed : this.get(name) !== undefined || this.#values?.has(name) === true;
  }

  /** Sets a name of `local`. */
  set(name: string, value: unknown): void {
    (this.#values ??= new Map()).set(name, value);
  }

  /** Removes a name of `local`. */
  delete(name: string): void {
    this.#values?.delete(name);
  }
}
