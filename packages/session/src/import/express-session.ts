import type { SessionImport } from "../keeping/imported-sessions.ts";
import { importStored, type ExpressStoreLike } from "./stored-sessions.ts";

export interface ExpressSessionImportOptions {
  /** The name of the old cookie. Default `connect.sid`. */
  readonly name?: string | undefined;
  /** The secret of express-session, or a list of secrets. */
  readonly secret: string | readonly string[];
  /** The store of express-session, such as `new RedisStore({ client })` of connect-redis. */
  readonly store: ExpressStoreLike;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Imports the sessions of express-session from its store. Each is removed there 30 seconds after its import, or at once by a
 * log-out.
 *
 * @example
 * ```ts
 * import { Sessions } from "@mini/session";
 * import { importExpressSession, type ExpressStoreLike } from "@mini/session/import";
 *
 * export function sessionsAfter(store: ExpressStoreLike): Sessions {
 *   const secret = process.env.OLD_SECRET!;
 *   return new Sessions({ secretKey: process.env.SECRET_KEY!, import: importExpressSession({ secret, store }) });
 * }
 * ```
 */
export function importExpressSession({ name = "connect.sid", secret, store, now = Date.now }: ExpressSessionImportOptions): SessionImport {
  return importStored({ cookieName: name, prefix: "s:", secret, store, now });
}
