import type { IncomingMessage, ServerResponse } from "node:http";
import { Form, type Logger } from "@mini/core/base";
import type { Sessions } from "../engine/sessions.ts";
import { sharedOf } from "../engine/shared-of.ts";
import { reasonOf } from "../keeping/failures.ts";
import type { SessionStore } from "../request/session-store.ts";
import type { Session } from "../request/session.ts";
import type { SessionConfig } from "../settings/config.ts";
import { addProperty, answerError, isExpected, keepVisit, NodeVisit, refuseAssignment, sessionStoreOf, visitOf } from "./node-visit.ts";
import { startedSession } from "./session-promise.ts";

declare module "http" {
  interface IncomingMessage {
    /** The default session, loaded at the first access. Set by `nodeSessions` of `@mini/session/node`. */
    readonly session: Promise<Session>;
    /** All sessions of the request. Set by `nodeSessions` of `@mini/session/node`. */
    readonly sessionStore: SessionStore;
  }
}

export interface NodeSessionsOptions {
  /**
   * Whether the client used https. Default: `request.secure` if the framework has it, as Express does with its setting "trust
   * proxy"; otherwise whether the connection itself is encrypted.
   */
  readonly secure?: ((request: IncomingMessage) => boolean) | undefined;
}

/** A middleware of Express, Connect, Polka or Restify, or a function that a handler of node:http calls. */
export type NodeMiddleware = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;

/**
 * Gives each request `session` and `sessionStore`. Changes are committed before the head of the response, however it is sent. When that
 * fails, `next` is called with the error, and what the handler had sent so far is dropped.
 *
 * @param config - Settings of sessions, or the `Sessions` that were made with them.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import express from "express";
 * import { nodeSessions } from "@mini/session/node";
 *
 * const app = express();
 * app.use(nodeSessions({ secretKey: process.env.SECRET_KEY! }));
 * app.get("/", async (req, res) => {
 *   res.send(`Visit ${(await req.session).increment("visits")}`);
 * });
 * ```
 */
export function nodeSessions(config: SessionConfig | Sessions, { secure = isSecure }: NodeSessionsOptions = {}): NodeMiddleware {
  const shared = sharedOf(config, Form);
  return (request, response, next) => {
    if (visitOf(request)?.isOf(config) === true) {
      next?.();
      return;
    }
    // While a mounted application handles a request, Express gives the request and its response other prototypes.
    const [requestPrototype, responsePrototype] = [request, response].map((each) => Object.getPrototypeOf(each) as object);
    keepVisit(
      request,
      new NodeVisit(config, shared, request, response, {
        isSecure: () => secure(request),
        // A middleware of Express or Connect is not told about errors in later handlers, so the status decides.
        isFailure: (status) => status >= 500,
        answer(error) {
          if (Object.getPrototypeOf(request) !== requestPrototype) Object.setPrototypeOf(request, requestPrototype!);
          if (Object.getPrototypeOf(response) !== responsePrototype) Object.setPrototypeOf(response, responsePrototype!);
          if (next === undefined) answerError(error, request, response);
          else answerBy(next, error, request, response, shared.settings.logger);
        },
      }),
    );
    addProperty(request, "session", sessionProperty);
    addProperty(request, "sessionStore", storeProperty);
    next?.();
  };
}

/** Has the framework answer an error. If that throws, as Polka's own error handler does, nobody else could answer. */
function answerBy(
  next: (error: unknown) => void,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): void {
  try {
    next(error);
  } catch (thrown) {
    logger.error(`An error handler has failed: ${reasonOf(thrown)}`);
    if (response.headersSent) response.destroy();
    else answerError(error, request, response);
  }
}

/**
 * An error handler of Express and Connect. Register it before others. It notes that the request has failed, so that its changes
 * are dropped and messages that later error handlers add are kept. Without it, only a status of 500 or more means an error. Error
 * handlers of other frameworks can call it.
 */
export function sessionErrors(error: unknown, request: IncomingMessage, _response?: ServerResponse, next?: (error: unknown) => void): void {
  if (!isExpected(error)) visitOf(request)?.fail();
  next?.(error);
}

const sessionProperty = property("session", (request) => startedSession(sessionStoreOf(request)));
const storeProperty = property("sessionStore", sessionStoreOf);

/** A getter that another library may replace with a value. */
function property(name: string, get: (request: IncomingMessage) => unknown): PropertyDescriptor {
  return {
    configurable: true,
    get(this: IncomingMessage) {
      return get(this);
    },
    set(this: IncomingMessage, value: unknown) {
      if (value === null || value === undefined) refuseAssignment();
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
    },
  };
}

function isSecure(request: IncomingMessage): boolean {
  const { secure, socket } = request as IncomingMessage & { readonly secure?: unknown };
  return typeof secure === "boolean" ? secure : "encrypted" in socket;
}
