import type { IncomingMessage, ServerResponse } from "node:http";
// For the types of Koa, which are extended below.
import type {} from "koa";
import { Form } from "@mini/core/base";
import type { Sessions } from "../engine/sessions.ts";
import { sharedOf } from "../engine/shared-of.ts";
import type { SessionStore } from "../request/session-store.ts";
import type { Session } from "../request/session.ts";
import type { SessionConfig } from "../settings/config.ts";
import { addProperty, isExpected, keepVisit, NodeVisit, refuseAssignment, sessionStoreOf, visitOf } from "./node-visit.ts";
import { startedSession } from "./session-promise.ts";

declare module "koa" {
  interface ExtendableContext {
    /** The default session, loaded at the first access. Set by `koaSessions` of `@mini/session/koa`. */
    readonly session: Promise<Session>;
    /** All sessions of the request. Set by `koaSessions` of `@mini/session/koa`. */
    readonly sessionStore: SessionStore;
  }
}

/** The part of a Koa context that is used. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly secure: boolean;
  onerror(error: Error): void;
}

export type KoaMiddleware = (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void>;

/**
 * Gives each context `session` and `sessionStore`. Changes are committed when the middleware after this one has ended, or earlier
 * if it writes to `ctx.res` itself. If the commit fails, this middleware throws the error, so that the middleware before it gets
 * it.
 *
 * @param config - Settings of sessions, or the `Sessions` that were made with them.
 * @throws ConfigError for wrong settings.
 * @example
 * ```ts
 * import Koa from "koa";
 * import { koaSessions } from "@mini/session/koa";
 *
 * const app = new Koa();
 * app.use(koaSessions({ secretKey: process.env.SECRET_KEY! }));
 * app.use(async (ctx) => {
 *   ctx.body = `Visit ${(await ctx.session).increment("visits")}`;
 * });
 * ```
 */
export function koaSessions(config: SessionConfig | Sessions): KoaMiddleware {
  const shared = sharedOf(config, Form);
  return async (context, next) => {
    if (visitOf(context.req)?.isOf(config) === true) {
      await next();
      return;
    }
    const visit = new NodeVisit(config, shared, context.req, context.res, {
      isSecure: () => context.secure,
      // Koa says what was thrown.
      isFailure: () => false,
      answer: (error) => context.onerror(error as Error),
    });
    keepVisit(context.req, visit);
    addProperty(context, "session", sessionProperty);
    addProperty(context, "sessionStore", storeProperty);
    try {
      await next();
    } catch (error) {
      if (!isExpected(error)) visit.fail();
      // The commit runs with the error response.
      throw error;
    }
    await visit.commit();
  };
}

/** The same getters for all contexts. They find the middleware that the request has passed last. */
const sessionProperty: PropertyDescriptor = {
  configurable: true,
  get(this: KoaContextLike) {
    return startedSession(sessionStoreOf(this.req));
  },
  set: refuseAssignment,
};
const storeProperty: PropertyDescriptor = {
  configurable: true,
  get(this: KoaContextLike) {
    return sessionStoreOf(this.req);
  },
};
