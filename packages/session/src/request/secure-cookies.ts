import { isPlainObject, parseJson, type Data } from "../record/contents.ts";
import type { SessionCookieOptions } from "../settings/config.ts";
import { withCookieOptions } from "../settings/session-options.ts";
import { checkCookieName, type Settings } from "../settings/settings.ts";
import type { SentCookies } from "../signing/sent-cookies.ts";
import type { Signer } from "../signing/signing.ts";
import type { ResponseCookies } from "./cookies.ts";

/** What secure cookies need. All requests share one object. */
interface SecureCookies {
  readonly settings: Settings;
  readonly signer: Signer;
}

/** The cookies that the client sent, and those of the response. */
type CookieRequest = SentCookies & { readonly responseCookies: ResponseCookies };

/** The data of the newest value of a cookie that was signed here; `undefined` if there is none. */
export function readSecureCookie({ settings, signer }: SecureCookies, cookieName: string, sent: SentCookies, maxAge: number | undefined) {
  // A cookie with an old name or format is accepted for as long as a session.
  const found = signer.unsignNewest(cookieName, sent, maxAge, maxAge ?? settings.maxAge);
  const data = found && parseJson(found.text);
  return isPlainObject(data) ? data : undefined;
}

/** The full name of a secure cookie, its attributes, and the cookies that it replaces. @throws ConfigError if no cookie can have them. */
function cookieFor({ settings, signer }: SecureCookies, request: CookieRequest, name: string, options: SessionCookieOptions | undefined) {
  checkCookieName(settings, name);
  const cookieName = settings.prefix + name;
  const cookie = options === undefined ? settings.cookie : withCookieOptions(settings, name, settings.cookie, options);
  return { cookieName, cookie, before: { names: signer.namesIn(cookieName, request), place: undefined } };
}

/** @throws ConfigError for a name or attributes that no cookie can have. */
export function clearSecureCookie(
  secure: SecureCookies,
  request: CookieRequest,
  name: string,
  options: SessionCookieOptions | undefined,
): void {
  const { cookieName, cookie, before } = cookieFor(secure, request, name, options);
  request.responseCookies.clear(cookieName, cookie, before);
}

/** @throws ConfigError for a name or attributes that no cookie can have; CookieTooLargeError. */
export function sendSecureCookie(
  secure: SecureCookies,
  request: CookieRequest,
  name: string,
  data: object,
  options: SessionCookieOptions | undefined,
): void {
  const { cookieName, cookie, before } = cookieFor(secure, request, name, options);
  const value = secure.signer.sign(cookieName, JSON.stringify(data));
  request.responseCookies.send(cookieName, value, cookie, { data: data as Data, flashes: [] }, before);
}
