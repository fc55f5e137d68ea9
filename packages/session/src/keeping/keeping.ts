import type { Contents, Flash, Operations } from "../record/contents.ts";
import type { DecodedRecord, ReplacedNote } from "../record/record.ts";
import type { Overrides, CookiePlace, Limits } from "../record/saved-session.ts";
import type { SentCookies } from "../signing/sent-cookies.ts";
import type { ReceivedId } from "../signing/signing.ts";

// The two places where a session can be kept, as a request sees them: its cookie (cookie-sessions.ts), or a backend, under
// the hash of the id in its cookie (server-session.ts).

/** The cookies that the client sent for one session, and the lifetimes of the session. */
export interface ReceivedCookies extends Limits {
  /** Full name of the cookie. */
  readonly cookieName: string;
  /** The request. If its response is not shown, it does not count as a use of the session. */
  readonly request: SentCookies & { readonly isUnseen: boolean };
}

/** The settings of a session when it is committed. */
export interface CommitSettings extends Limits {
  /** The attributes of its cookie. */
  readonly cookie: CookiePlace;
}

/** The cookies of a session in the browser. They may be from before the configuration was changed. */
export interface BrowserCookies {
  /** The names of the cookies that were signed here, once for each value. */
  readonly names: readonly string[];
  /** The domain, path and partition of the cookie that is used; `undefined`: not known. */
  readonly place: CookiePlace | undefined;
}

/** Finds sessions, and ends them. */
export interface SessionKeeper {
  /** For traces: the name of the backend's class, or `securecookie`. */
  readonly backendName: string;
  /** The client's session, or a new empty session if the client did not send a valid one. Loading does not create a record. */
  load(received: ReceivedCookies): KeptSession | Promise<KeptSession>;
  /** A new empty session, whatever the client sent. Returns a promise only while the code of the keeper is being loaded. */
  begin(received: ReceivedCookies): KeptSession | Promise<KeptSession>;
  /** The cookies of the client, as far as they are known without loading its session. */
  cookies(received: ReceivedCookies): BrowserCookies;
  /**
   * Removes the client's sessions without loading them. `endedKey`: the record key of a session that was removed already. Returns
   * the domain, path and partition of the newest cookie, if they are known.
   */
  end(received: ReceivedCookies, endedKey: string | undefined): CookiePlace | undefined | Promise<CookiePlace | undefined>;
}

/** One session as a request found it, and the methods that change it where it is kept. */
export interface KeptSession {
  /** For traces: the name of the backend's class, or `securecookie`. */
  readonly backendName: string;
  /** The contents that were loaded. This object is never changed. */
  readonly contents: Contents;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Milliseconds since the Unix epoch, fixed when the session was created; `undefined` when only `maxAge` decides. */
  readonly expiresAt: number | undefined;
  /** The key of its record; `undefined` when it is not in a backend. */
  readonly recordKey: string | undefined;
  /** Public random name; `undefined` when it is not in a backend. */
  readonly handle: string | undefined;
  readonly owner: string | undefined;
  /** When it was given to the owner by a log-in; milliseconds since the Unix epoch. */
  readonly authenticatedAt: number | undefined;
  /** Its options that override the configured ones. */
  readonly overrides: Overrides | undefined;
  /** Whether the contents may be older than those in the backend, so that setting an equal value is a change too. */
  readonly cached: boolean;
  /** The most bytes that the JSON of its contents may have. */
  readonly mostBytes: number;
  /** Whether the client sent it. If not, the first commit with changes creates it. */
  readonly exists: boolean;
  /**
   * Makes changes permanent. If the session has ended in the meantime, the changes are dropped. Without changes, the cookie is sent
   * again if the client has it from before the configuration was changed.
   */
  commit(changes: SessionChanges, settings: CommitSettings): CommitResult | Promise<CommitResult>;
  /** Takes messages out to show them. Returns the ids of those that no other request has taken. */
  claim(ids: ReadonlySet<string>): ReadonlySet<string> | Promise<ReadonlySet<string>>;
  /** Called instead of the last commit when the request failed: puts back the messages that it claimed. Does not reject. */
  rollBack(): void | Promise<void>;
  /** The domain, path and partition of its cookie in the browser; `undefined` when the client sent none. */
  readonly place: CookiePlace | undefined;
  /** Removes the session. It may be gone already. */
  end(): void | Promise<void>;
  /** If the session belongs to the owner, gives it the owner's new epoch, so that revoking the other sessions does not end it. */
  surviveRevocation(owner: string, epoch: number): void | Promise<void>;
}

/** The changes that a request wants to make permanent. */
export interface SessionChanges {
  /** The operations, to be applied to a record that is newer than the loaded one. */
  readonly operations: Operations;
  /** The result of the operations on the loaded record. */
  readonly next: Contents;
  /** Whether `next` or the options of the session differ from what was loaded. */
  readonly changed: boolean;
  readonly regeneration: Regeneration | undefined;
}

/** What else changes when a session gets a new id. */
export interface Regeneration {
  /** The new owner; `undefined`: the owner stays. */
  readonly owner: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The keys of the loaded data to keep; `undefined`: all. */
  readonly keep: ReadonlySet<string> | undefined;
}

/** The outcome of a commit. */
export interface CommitResult {
  /** The new value of the cookie, and the cookies that it replaces; `undefined`: the client keeps its cookie. */
  readonly cookie: { readonly value: string; readonly before: BrowserCookies } | undefined;
  /** The session as it is now. */
  readonly kept: KeptSession;
  /** How often it was tried again, because another process had changed the session in the meantime. Default 0. */
  readonly retries?: number | undefined;
}

// What a request knows about a session in a backend.

/** A record that was found in the backend, and its key. */
export interface FoundRecord {
  readonly key: string;
  readonly record: DecodedRecord;
}

/** What is known about a session. Without `found`, the backend does not have it yet. */
export interface KnownSession {
  /** The record as it was loaded, or committed last. */
  readonly found?: FoundRecord;
  /** Set when the client sent the old id of a session that has a new one. */
  readonly replaced?: ReplacedNote;
  readonly claimed?: readonly Flash[];
  /** The id that the client sent for `found`. */
  readonly sentId?: ReceivedId;
}
