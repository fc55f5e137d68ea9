import { importSessions, type SessionImport } from "../keeping/imported-sessions.ts";
import { decodeValue } from "./cookie-values.ts";

export interface SecureSessionImportOptions {
  /** The name of the old cookie. Default `session`. */
  readonly cookieName?: string | undefined;
  /**
   * `decodeSecureSession` of the old plugin, which uses libsodium. It also checks how old a session is.
   *
   * @param value - The value of the cookie, decoded.
   */
  readonly decode: (value: string) => { data(): object | undefined } | null | undefined;
}

/**
 * Imports the sessions of `@fastify/secure-session` from their cookies.
 *
 * @example
 * ```ts
 * import { Sessions } from "@mini/session";
 * import { importSecureSession, type SecureSessionImportOptions } from "@mini/session/import";
 *
 * export function sessionsAfter(decodeSecureSession: SecureSessionImportOptions["decode"]): Sessions {
 *   return new Sessions({
 *     secretKey: process.env.SECRET_KEY!,
 *     import: importSecureSession({ decode: (value) => decodeSecureSession(value) }),
 *   });
 * }
 * ```
 */
export function importSecureSession({ cookieName = "session", decode }: SecureSessionImportOptions): SessionImport {
  return importSessions({
    cookieNames: [cookieName],
    read(valuesOf) {
      const [value] = valuesOf(cookieName);
      const data = value === undefined ? undefined : decode(decodeValue(value))?.data();
      return data && { data: { ...data } };
    },
  });
}
