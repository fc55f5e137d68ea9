import type { KeptSession, SessionKeeper } from "../keeping/keeping.ts";
import type { OwnedSessions } from "../keeping/owned-sessions.ts";
import type { Settings } from "../settings/settings.ts";
import type { SentCookies } from "../signing/sent-cookies.ts";
import type { Signer } from "../signing/signing.ts";
import type { Flash, NewFlash } from "../record/contents.ts";
import type { ChangedFlashes } from "./changed-flashes.ts";
import type { ChangedValues } from "./changed-values.ts";
import type { CookieRules, ResponseCookies } from "./cookies.ts";

/** What the sessions of all requests share. */
export interface SharedSessions {
  readonly settings: Settings;
  /** By the name of a backend; `undefined` for the configured one. */
  readonly keepers: ReadonlyMap<string | undefined, SessionKeeper>;
  /** The sessions of owners in the configured backend. @throws ConfigError when it has no index of owners. */
  readonly owned: () => Promise<OwnedSessions>;
  /** For secure cookies. */
  readonly signer: Signer;
  readonly cookies: CookieRules;
}

/** What an open session needs from its request. */
export interface SessionRequest extends SentCookies {
  readonly settings: Settings;
  /** Whether the response may never be shown: a HEAD request, a prefetch or a prerender. */
  readonly isUnseen: boolean;
  readonly hasFailed: boolean;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
  /** The cookies that the response sends. */
  readonly responseCookies: ResponseCookies;
  /** Delays the response until the work is done, even when the handler does not await it. Returns the same promise. */
  delayResponse<Result>(work: Promise<Result>): Promise<Result>;
  /** If the work fails, the response is an error, even if the handler catches the error. */
  mustSucceed<Result>(work: Result | Promise<Result>): Promise<Result>;
}

/** The part of an open session that the public class `Session` uses. */
export interface OpenSessionLike {
  readonly values: ChangedValues;
  readonly flashes: ChangedFlashes;
  /** The session as it is kept. */
  readonly kept: Pick<KeptSession, "exists" | "handle" | "mostBytes">;
  readonly forms: Settings["forms"];
  readonly owner: string | undefined;
  readonly authenticatedAt: number | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly modified: boolean;
  /** Messages that are not too old to be shown. */
  freshFlashes(): readonly Flash[];
  /** @throws SessionCommittedError once the head of the response is being written. */
  mustBeOpen(doing: string, key?: string): void;
  /** @throws TypeError for a message that is not JSON. */
  addFlash(flash: NewFlash): void;
  /** Takes out messages and forms, which are shown once. */
  takeFlashes(isWanted: (flash: Flash) => boolean): Promise<readonly Flash[]>;
  regenerate(owner: string | undefined, keep: ReadonlySet<string> | undefined): void;
  commit(): Promise<void>;
}
