import type { SessionKeeper } from "../keeping/keeping.ts";
import type { OwnedSessions } from "../keeping/owned-sessions.ts";
import type { Settings } from "../settings/settings.ts";
import type { SentCookies, Signer } from "../signing/signing.ts";
import type { CookieRules, RequestCookies } from "./cookies.ts";

/** What the sessions of all requests share. */
export interface SharedSessions {
  readonly settings: Settings;
  /** By the name of a backend; `undefined`: for the configured one. */
  readonly keepers: ReadonlyMap<string | undefined, SessionKeeper>;
  /** The sessions of owners in the configured backend. @throws ConfigError when it has no index of owners. */
  readonly owned: () => OwnedSessions;
  /** For secure cookies. */
  readonly signer: Signer;
  readonly cookies: CookieRules;
}

/** What an open session needs of its request. */
export interface SessionRequest extends SentCookies {
  readonly settings: Settings;
  /** Whether the response may never be shown to anybody: a HEAD request, a prefetch or a prerender. */
  readonly isUnseen: boolean;
  readonly hasFailed: boolean;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
  /** The cookies that it sends. */
  readonly sent: RequestCookies;
  /** Delays the response until the work is done, even when the handler does not await it. Gives the work back. */
  delayResponse<Result>(work: Promise<Result>): Promise<Result>;
  /** When the work fails, the response is an error, even when the handler catches it. */
  mustSucceed<Result>(work: Result | Promise<Result>): Promise<Result>;
}
