import { importSessions, type SessionImport } from "../keeping/imported-sessions.ts";
import { isSignedBy } from "./cookie-signature.ts";

type Done = (error?: unknown, session?: unknown) => void;

/** What is used of a store of express-session. */
export interface ExpressStoreLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- Each store has its own type of a session.
  get(id: string, done: (error: any, session?: any) => void): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any
  set(id: string, session: any, done?: (error?: any) => void): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any
  destroy(id: string, done?: (error?: any) => void): unknown;
}

export interface ExpressSessionImportOptions {
  /** The name of its cookie. Default `connect.sid`. */
  readonly name?: string | undefined;
  /** Its secret, or a list of them. */
  readonly secret: string | readonly string[];
  /** The store that it uses, such as `new RedisStore({ client })` of connect-redis. */
  readonly store: ExpressStoreLike;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Milliseconds that a session stays in the old store after it was carried over, for requests that were sent before. */
const grace = 30_000;

/**
 * Carries over the sessions of express-session from its store. Each is removed there 30 seconds after that, or at once by a log-out.
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
  const secrets = typeof secret === "string" ? [secret] : secret;
  return importSessions({
    cookieNames: [name],
    async read(valuesOf) {
      const [id] = valuesOf(name).flatMap((value) => idOf(value, secrets));
      if (id === undefined) return undefined;
      const found = await call((done) => store.get(id, done));
      if (typeof found !== "object" || found === null) return undefined;
      const { cookie, ...data } = JSON.parse(JSON.stringify(found)) as { cookie?: { expires?: unknown }; [key: string]: unknown };
      const expires = typeof cookie?.expires === "string" ? Date.parse(cookie.expires) : Infinity;
      if (expires <= now()) return undefined;
      return {
        data,
        async forget(hasEnded) {
          const last = new Date(Math.min(expires, now() + grace));
          if (hasEnded) await call((done) => store.destroy(id, done));
          else await call((done) => store.set(id, { ...data, cookie: { ...cookie, originalMaxAge: grace, expires: last } }, done));
        },
      };
    },
  });
}

/** The id in the value of a cookie, which is `s:id.signature`. */
function idOf(value: string, secrets: readonly string[]): readonly string[] {
  const text = decode(value);
  const end = text.lastIndexOf(".");
  if (!text.startsWith("s:") || end === -1) return [];
  const id = text.slice(2, end);
  return isSignedBy(secrets, "sha256", id, text.slice(end + 1)) ? [id] : [];
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}

function call(work: (done: Done) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    work((error, result) => (error === undefined || error === null ? resolve(result) : reject(error as Error)));
  });
}
