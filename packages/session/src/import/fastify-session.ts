import type { SessionImport } from "../keeping/imported-sessions.ts";
import { importStored, type ExpressStoreLike } from "./stored-sessions.ts";

export interface FastifySessionImportOptions {
  /** The name of the old cookie. Default `sessionId`. */
  readonly cookieName?: string | undefined;
  /** The `cookiePrefix` of `@fastify/session`. Default none. */
  readonly cookiePrefix?: string | undefined;
  /** The secret of `@fastify/session`, or a list of secrets. */
  readonly secret: string | readonly string[];
  /** The store of `@fastify/session`, such as `new RedisStore({ client })` of connect-redis. */
  readonly store: ExpressStoreLike;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Imports the sessions of `@fastify/session` from its store. Each is removed there 30 seconds after its import, or at once by a
 * log-out.
 *
 * @example
 * ```ts
 * import { Sessions } from "@mini/session";
 * import { importFastifySession, type ExpressStoreLike } from "@mini/session/import";
 *
 * export function sessionsAfter(store: ExpressStoreLike): Sessions {
 *   const secret = process.env.OLD_SECRET!;
 *   return new Sessions({ secretKey: process.env.SECRET_KEY!, import: importFastifySession({ secret, store }) });
 * }
 * ```
 */
export function importFastifySession(options: FastifySessionImportOptions): SessionImport {
  const { cookieName = "sessionId", cookiePrefix = "", secret, store, now = Date.now } = options;
  return importStored({ cookieName, prefix: cookiePrefix, secret, store, now });
}
