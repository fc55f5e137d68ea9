import { importSessions, type SessionImport } from "../keeping/imported-sessions.ts";
import { isSignedBy, parseObject } from "./cookie-values.ts";

export interface CookieSessionImportOptions {
  /** The name of the old cookie. Default `session`, as in cookie-session. For koa-session, pass `koa.sess`. */
  readonly name?: string | undefined;
  /** The `keys` of cookie-session, or its `secret` in a list; the `app.keys` of Koa. */
  readonly keys: readonly string[];
  /** When old cookies stop being accepted, in milliseconds since the Unix epoch. Until then, a copy of an old cookie also works. */
  readonly until: number;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Imports the sessions of cookie-session, and those of koa-session without a store. Both keep a session in a signed cookie.
 *
 * @example
 * ```ts
 * import { Sessions } from "@mini/session";
 * import { importCookieSession } from "@mini/session/import";
 *
 * export const sessions = new Sessions({
 *   secretKey: process.env.SECRET_KEY!,
 *   import: importCookieSession({ keys: [process.env.OLD_SECRET!], until: Date.parse("2027-03-01") }),
 * });
 * ```
 */
export function importCookieSession({ name = "session", keys, until, now = Date.now }: CookieSessionImportOptions): SessionImport {
  const signatureName = `${name}.sig`;
  return importSessions({
    cookieNames: [name, signatureName],
    read(valuesOf) {
      const [value] = valuesOf(name);
      const [signature] = valuesOf(signatureName);
      if (value === undefined || signature === undefined || now() >= until) return undefined;
      // Keygrip writes base64 with two other characters.
      const plain = signature.replaceAll("_", "/").replaceAll("-", "+");
      if (!isSignedBy(keys, "sha1", `${name}=${value}`, plain)) return undefined;
      const found = parseObject(Buffer.from(value, "base64").toString("utf8"));
      if (found === undefined) return undefined;
      // The first three are fields of koa-session.
      const { _expire: expire, _maxAge, _session, ...data } = found;
      return typeof expire === "number" && expire <= now() ? undefined : { data };
    },
  });
}
