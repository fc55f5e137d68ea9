import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import { CollectedHead, type Closing, type FailedCommit } from "../engine/collected-head.ts";
import { ConfigError, Form } from "@mini/core/base";
import type { Sessions } from "../engine/sessions.ts";
import { sharedOf } from "../engine/shared-of.ts";
import { SessionCommittedError, type Head, type OutgoingResponse } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SessionStore } from "../request/session-store.ts";
import type { Session } from "../request/session.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";
import type { SessionConfig } from "../settings/config.ts";
import { HeldResponse, type HeldResponseHooks } from "./held-response.ts";
import { answerError, isExpected, NodeRequest, refuseAssignment, writeHeaders } from "./node-visit.ts";
import { headerText } from "./response-head.ts";
import { startedSession } from "./session-promise.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The default session, loaded at the first access. Set by `fastifySessions` of `@mini/session/fastify`. */
    readonly session: Promise<Session>;
    /** All sessions of the request. Set by `fastifySessions` of `@mini/session/fastify`. */
    readonly sessionStore: SessionStore;
  }
}

const replyKey = Symbol("reply");
const visitKey = Symbol("visit");
const configKey = Symbol("sessions");

interface VisitedRequest extends FastifyRequest {
  [replyKey]: FastifyReply;
  [visitKey]: FastifyVisit | null;
}

interface RegisteredInstance extends FastifyInstance {
  readonly [configKey]?: { readonly config: SessionConfig | Sessions };
}

/**
 * A plugin of Fastify: gives each request `session` and `sessionStore`. Changes are committed before the head of the response, however it is
 * sent. When that fails, the error handler of Fastify answers.
 *
 * @param config - Settings of sessions, or the `Sessions` that were made with them.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import fastify from "fastify";
 * import { fastifySessions } from "@mini/session/fastify";
 *
 * const app = fastify();
 * app.register(fastifySessions({ secretKey: process.env.SECRET_KEY! }));
 * app.get("/", async (request) => `Visit ${(await request.session).increment("visits")}`);
 * ```
 */
export function fastifySessions(config: SessionConfig | Sessions): FastifyPluginCallback {
  const shared = sharedOf(config, Form);
  const storeOf = (request: FastifyRequest): SessionStore =>
    ((request as VisitedRequest)[visitKey] ??= new FastifyVisit(shared, request as VisitedRequest));
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    const earlier = (app as RegisteredInstance)[configKey];
    if (earlier !== undefined) {
      done(earlier.config === config ? undefined : new ConfigError(registeredTwice));
      return;
    }
    app.decorate(configKey, { config });
    app.decorateRequest(replyKey, null);
    app.decorateRequest(visitKey, null);
    define("session", (request) => startedSession(storeOf(request)));
    define("sessionStore", storeOf);
    app.addHook("onRequest", (request, reply, next) => {
      (request as VisitedRequest)[replyKey] = reply;
      next();
    });
    app.addHook("onError", (request, reply, error, next) => {
      const isRefusal = reply.statusCode >= 400 && reply.statusCode < 500;
      if (!isExpected(error) && !isRefusal) (request as VisitedRequest)[visitKey]?.fail();
      next();
    });
    app.addHook("onSend", (request, _reply, payload, next) => {
      const visit = (request as VisitedRequest)[visitKey];
      if (visit?.isUsed === true) return visit.send(payload, next);
      next();
      return undefined;
    });
    done();

    /** Adds a property, unless another plugin has added one with this name. */
    function define(name: string, get: (request: FastifyRequest) => unknown): void {
      if (app.hasRequestDecorator(name)) return;
      app.decorateRequest(name, {
        getter(this: FastifyRequest) {
          return get(this);
        },
        setter: refuseAssignment,
      });
    }
  };
  // As fastify-plugin sets them: the hooks run for the whole application, and not only for what this plugin registers.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "@mini/session/fastify" });
}

const registeredTwice =
  "fastifySessions is registered twice, with different settings. Register it once, on the application itself, and use " +
  "request.sessionStore.getSession(name, options) for another session; or register each in a part of the application of its own.";

type Next = (error?: Error | null, payload?: unknown) => void;

/** The sessions of one request of Fastify. */
class FastifyVisit extends RequestSessions {
  readonly #head: FastifyHead;

  constructor(shared: SharedSessions, request: VisitedRequest) {
    const reply = request[replyKey];
    const head = new FastifyHead(reply);
    super(shared, new NodeRequest(request.raw, reply.raw, () => request.protocol === "https"), head);
    this.#head = head;
  }

  get isUsed(): boolean {
    return !this.#head.isEmpty;
  }

  /** Notes that an unexpected error has ended the request, before its error handler runs. */
  fail(): void {
    this.#head.fail();
  }

  /** Commits, before Fastify sends its reply, and gives `next` what is sent, or the error of the commit. */
  send(payload: unknown, next: Next): Promise<unknown> | undefined {
    return this.#head.send(payload, next);
  }
}

/** The head of a reply. If the application writes to `reply.raw`, the response is held like a response of node:http. */
class FastifyHead extends CollectedHead implements HeldResponseHooks {
  readonly #reply: FastifyReply;
  #held: HeldResponse | undefined;
  /** The headers when a session was first used. An error response keeps them, because hooks have set them. */
  #before: Readonly<Record<string, unknown>> = {};
  /**
   * - open: nothing is committed yet;
   * - failed: the commit has failed, and the reply to its error comes next;
   * - over: the headers were added to the reply, or will be added to the response of node:http.
   */
  #state: "open" | "failed" | "over" = "open";

  constructor(reply: FastifyReply) {
    super();
    this.#reply = reply;
  }

  override beforeHead(work: Parameters<Head["beforeHead"]>[0]): void {
    const { raw } = this.#reply;
    if (this.#held === undefined && raw.headersSent) throw new SessionCommittedError("use a session or secure cookie for the first time");
    super.beforeHead(work);
    if (this.#held !== undefined) return;
    this.#before = this.#reply.getHeaders();
    this.#held = new HeldResponse(raw, this);
    this.#held.use();
  }

  /** Fastify takes a returned promise instead of the call of `next`. */
  send(payload: unknown, next: Next): Promise<unknown> | undefined {
    if (this.#state === "over") {
      next(null, payload);
      return undefined;
    }
    const hasFailed = this.#state === "failed";
    this.#state = "over";
    const closing = hasFailed ? undefined : this.#closeBefore(payload);
    if (closing instanceof Promise) return closing.then((failure) => this.#leave(payload, failure));
    let sent: unknown;
    try {
      sent = this.#leave(payload, closing);
    } catch (error) {
      next(error as Error);
      return undefined;
    }
    next(null, sent);
    return undefined;
  }

  #closeBefore(payload: unknown): Closing {
    const reply = this.#reply;
    // Afterwards, Fastify sets the headers of a standard response over the others.
    const own = payload instanceof Response ? payload : undefined;
    const status = own === undefined ? reply.statusCode : own.status;
    return this.close({ status, headers: { get: (name) => own?.headers.get(name) ?? headerText(reply.getHeader(name)) } });
  }

  /** Returns what is sent, after the commit. @throws The error of the commit. */
  #leave(payload: unknown, failure: FailedCommit | undefined): unknown {
    const reply = this.#reply;
    this.#held?.free();
    if (failure !== undefined) {
      this.#state = "failed";
      this.#dropHeaders();
      endStream(payload);
      throw failure.error;
    }
    if (payload instanceof Response) return this.#addToBoth(payload);
    this.writeTo({
      get: (name) => headerText(reply.getHeader(name)),
      set: (name, value) => void reply.header(name, value),
      // Fastify keeps the other lines of Set-Cookie.
      append: (name, value) => void reply.header(name, value),
    });
    return payload;
  }

  /** Adds what was collected to a copy of a standard response. Reading also finds the headers of the reply. */
  #addToBoth({ status, statusText, body, headers: given }: Response): Response {
    const headers = new Headers(given);
    this.writeTo({
      get: (name) => [headerText(this.#reply.getHeader(name)), headers.get(name)].filter((value) => value).join(", ") || null,
      set: (name, value) => headers.set(name, value),
      append: (name, value) => headers.append(name, value),
    });
    return new Response(body, { status, statusText, headers });
  }

  commit(response: OutgoingResponse): Closing {
    this.#state = "over";
    return this.close(response);
  }

  addHeaders(response: FastifyReply["raw"]): void {
    writeHeaders(this, response);
  }

  /** Answers an error instead of sending what was written to `reply.raw`. */
  answer(error: unknown): void {
    const reply = this.#reply;
    if (reply.sent) answerError(error, reply.request.raw, reply.raw);
    else {
      this.#dropHeaders();
      void reply.send(error);
    }
  }

  #dropHeaders(): void {
    for (const name of Object.keys(this.#reply.getHeaders())) if (!(name in this.#before)) this.#reply.removeHeader(name);
  }
}

/** Ends a stream that is not sent. It may hold a file or a connection open, and Fastify does not end it. */
function endStream(payload: unknown): void {
  const stream = payload instanceof Response ? payload.body : payload;
  if (stream instanceof ReadableStream) stream.cancel().catch(() => undefined);
  else if (typeof stream === "object" && stream !== null && "destroy" in stream) (stream as { destroy(): void }).destroy();
}
