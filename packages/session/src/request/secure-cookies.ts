import { checkValues, isPlainObject, parseJson, quoted } from "../record/contents.ts";
import type { SessionCookieOptions } from "../settings/config.ts";
import { withCookieOptions } from "../settings/session-options.ts";
import { checkCookieName, type CookieSettings, type Settings } from "../settings/settings.ts";
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

/** @throws TypeError for data that is not a plain object of JSON values. */
export function checkSecureCookie(name: string, data: unknown): void {
  if (!isPlainObject(data)) throw new TypeError(`Cannot set the secure cookie ${quoted(name)}: its data must be a plain object.`);
  checkValues(data);
}

/** The attributes of a secure cookie. @throws ConfigError for a name or attributes that no cookie can have. */
function attributesOf(settings: Settings, name: string, options: SessionCookieOptions | undefined): CookieSettings {
  checkCookieName(settings, name);
  return options === undefined ? settings.cookie : withCookieOptions(settings, name, settings.cookie, options);
}

/** @throws ConfigError for a name or attributes that no cookie can have. */
export function clearSecureCookie(
  { settings, signer }: SecureCookies,
  request: CookieRequest,
  name: string,
  options: SessionCookieOptions | undefined,
): void {
  const cookieName = settings.prefix + name;
  const cookie = attributesOf(settings, name, options);
  request.responseCookies.clear(cookieName, cookie, { names: signer.namesIn(cookieName, request), place: undefined });
}

/** @throws ConfigError for a name or attributes that no cookie can have; CookieTooLargeError. */
export function sendSecureCookie(
  { settings, signer }: SecureCookies,
  request: CookieRequest,
  name: string,
  data: object,
  options: SessionCookieOptions | undefined,
): void {
  const cookie = attributesOf(settings, name, options);
  const cookieName = settings.prefix + name;
  const contents = { data: data as Readonly<Record<string, unknown>>, flashes: [] };
  const before = { names: signer.namesIn(cookieName, request), place: undefined };
  request.responseCookies.send(cookieName, signer.sign(cookieName, JSON.stringify(data)), cookie, contents, before);
}
