import { ConfigError } from "@mini/core/base";
import { importSessions, type SessionImport } from "../keeping/imported-sessions.ts";
import { asObject, decodeValue } from "./cookie-values.ts";

export interface IronSessionImportOptions {
  /** `unsealData` of iron-session. It also checks how old a session is. */
  readonly unsealData: (seal: string, options: { readonly password: string | Record<string, string> }) => Promise<unknown>;
  /** The `cookieName` of iron-session. */
  readonly cookieName: string;
  /** The `password` of iron-session: a string, or an object of passwords by number. */
  readonly password: string | Readonly<Record<string, string>>;
  /**
   * When old cookies stop being accepted, in milliseconds since the Unix epoch. A copy of an old cookie works until then, or until
   * its `ttl` is over.
   */
  readonly until: number;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Imports the sessions of iron-session, which keeps each session in an encrypted cookie.
 *
 * @throws ConfigError for a password that iron-session would refuse.
 * @example
 * ```ts
 * import { unsealData } from "iron-session";
 * import { Sessions } from "@mini/session";
 * import { importIronSession } from "@mini/session/import";
 *
 * const password = process.env.OLD_PASSWORD!;
 *
 * export const sessions = new Sessions({
 *   secretKey: process.env.SECRET_KEY!,
 *   import: importIronSession({ unsealData, cookieName: "session", password, until: Date.parse("2027-03-01") }),
 * });
 * ```
 */
export function importIronSession({ unsealData, cookieName, password, until, now = Date.now }: IronSessionImportOptions): SessionImport {
  const passwords = typeof password === "string" ? { 1: password } : password;
  checkPasswords(Object.values(passwords));
  return importSessions({
    cookieNames: [cookieName],
    async read(valuesOf) {
      const [value] = valuesOf(cookieName);
      if (value === undefined || now() >= until) return undefined;
      // unsealData() throws for some cookies. The passwords are right, so every error is about the cookie.
      const found = await unsealData(decodeValue(value), { password: passwords }).catch(() => undefined);
      const data = asObject(found);
      return data === undefined || Object.keys(data).length === 0 ? undefined : { data };
    },
  });
}

function checkPasswords(passwords: readonly string[]): void {
  const short = passwords.find((each) => typeof each !== "string" || each.length < 32);
  if (passwords.length > 0 && short === undefined) return;
  throw new ConfigError(
    "Cannot import sessions of iron-session: each password must have at least 32 characters. Pass the passwords that it has used.",
  );
}
