import type { IncomingMessage, ServerResponse } from "node:http";
import { HTTPError } from "@mini/core/base";
import { CollectedHead, type Closing } from "../engine/collected-head.ts";
import { errorHeaders } from "../keeping/failures.ts";
import { SessionCommittedError, type IncomingRequest, type Head, type OutgoingResponse } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionStore } from "../request/session-store.ts";
import { HeldResponse, type HeldResponseHooks } from "./held-response.ts";
import { headerText, readHeader } from "./response-head.ts";

/** What an adapter says about its framework. */
export interface NodeVisitOptions {
  /** Whether the client used https, by the framework's settings for proxies. Called when a cookie is sent. */
  readonly isSecure: () => boolean;
  /** Whether a response with this status means an unexpected error, for a framework that does not say what was thrown. */
  readonly isFailure: (status: number) => boolean;
  /** Answers an error of the commit. */
  readonly answer: (error: unknown) => void;
}

/** The sessions of one request of node:http. The response is held from their first use to their commit. */
export class NodeVisit extends RequestSessions {
  readonly #head: NodeHead;
  readonly #config: object;

  constructor(config: object, shared: SharedSessions, request: IncomingMessage, response: ServerResponse, options: NodeVisitOptions) {
    const head = new NodeHead(response, options);
    super(shared, new NodeRequest(request, response, options.isSecure), head);
    this.#head = head;
    this.#config = config;
  }

  /**
   * Whether the visit was made for this `Sessions` object, or for this object with settings. A second adapter with the same object, such as
   * in a part of the application, does nothing.
   */
  isOf(config: object): boolean {
    return this.#config === config;
  }

  /** Notes that an unexpected error has ended the request, before its error handler runs. */
  fail(): void {
    this.#head.fail();
  }

  /** Commits now. If the response has begun, waits for its commit instead. @throws The error of the commit. */
  async commit(): Promise<void> {
    await this.#head.held.commit();
  }
}

/** Whether an error is an intended response, such as that of `next(createError(403))` or `ctx.throw(403)`. */
export function isExpected(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { status, statusCode = status } = error as { readonly status?: unknown; readonly statusCode?: unknown };
  return typeof statusCode === "number" && statusCode < 500;
}

/** A symbol and not a name, so that another session library that sets its own properties does not replace it. */
const visitKey = Symbol("visit");

interface VisitedRequest extends IncomingMessage {
  [visitKey]?: NodeVisit;
}

/** Keeps the visit of a request in the request itself. */
export function keepVisit(request: VisitedRequest, visit: NodeVisit): void {
  request[visitKey] = visit;
}

/** The visit of a request; `undefined` if it has not passed a middleware of this package. */
export function visitOf(request: VisitedRequest): NodeVisit | undefined {
  return request[visitKey];
}

/** Adds a property, unless another library has added one with this name. */
export function addProperty(target: object, name: "session" | "sessionStore", descriptor: PropertyDescriptor): void {
  if (!(name in target)) Object.defineProperty(target, name, descriptor);
}

/** Refuses `req.session = null`, which ends the session in other libraries. */
export function refuseAssignment(): never {
  throw new TypeError("The session of a request cannot be replaced. To end it, call await sessionStore.deleteSession().");
}

/**
 * The sessions of a request, as `request.sessionStore` of Express and `ctx.sessionStore` of Koa. It also works while another
 * session library uses these names.
 */
export function sessionStoreOf(request: IncomingMessage): SessionStore {
  const visit = visitOf(request);
  if (visit === undefined)
    throw new TypeError(
      "Cannot find the sessions of this request: it has not passed a middleware of @mini/session. Use one before the handler.",
    );
  return visit;
}

/** The head of a response of node:http. */
class NodeHead extends CollectedHead implements HeldResponseHooks {
  readonly #response: ServerResponse;
  readonly #options: NodeVisitOptions;
  readonly held: HeldResponse;

  constructor(response: ServerResponse, options: NodeVisitOptions) {
    super();
    this.#response = response;
    this.#options = options;
    this.held = new HeldResponse(response, this);
  }

  override beforeHead(work: Parameters<Head["beforeHead"]>[0]): void {
    if (!this.held.isUsed && this.#response.headersSent)
      throw new SessionCommittedError("use a session or secure cookie for the first time");
    super.beforeHead(work);
    this.held.use();
  }

  commit(response: OutgoingResponse): Closing {
    if (this.#options.isFailure(response.status)) this.fail();
    return this.close(response);
  }

  addHeaders(response: ServerResponse): void {
    writeHeaders(this, response);
  }

  answer(error: unknown): void {
    this.#options.answer(error);
  }
}

/** Adds what a head has collected to a response. */
export function writeHeaders(head: CollectedHead, response: ServerResponse): void {
  head.writeTo({
    get: (name) => readHeader(response, name),
    set: (name, value) => void response.setHeader(name, value),
    append: (name, value) => void response.appendHeader(name, value),
  });
}

/**
 * What sessions need from a request of node:http. It is its own headers and its own signal, so that a request needs only one object. It is
 * a class, because V8 makes object literals with getters slow.
 */
export class NodeRequest implements IncomingRequest {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isSecure: () => boolean;

  constructor(request: IncomingMessage, response: ServerResponse, isSecure: () => boolean) {
    this.#request = request;
    this.#response = response;
    this.#isSecure = isSecure;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get headers(): this {
    return this;
  }

  get(name: string): string | null {
    return headerText(this.#request.headers[name]);
  }

  get secure(): boolean {
    return this.#isSecure();
  }

  get signal(): this {
    return this;
  }

  get aborted(): boolean {
    return this.#response.destroyed || this.#request.socket.destroyed;
  }
}

/** Answers an error without a framework. */
export function answerError(error: unknown, { method }: IncomingMessage, response: ServerResponse): void {
  const { status, message, headers } = error instanceof HTTPError ? error : new HTTPError(500, "Internal Server Error", {});
  response.writeHead(status, { ...errorHeaders, ...headers });
  response.end(method === "HEAD" ? undefined : message);
}
