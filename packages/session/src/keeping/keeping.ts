import type { Contents, Operations } from "../record/operations.ts";

/** What to do besides, when a session gets a new identity. */
export interface Regeneration {
  /** Whose session it is from now on; `undefined`: whose it was. */
  readonly owner: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Keys that stay of what was loaded; `undefined`: all. */
  readonly keep: ReadonlySet<string> | undefined;
}

/** The changes a request wants to make permanent. */
export interface Commit {
  /** What was done, for a record that is newer than the one that was loaded. */
  readonly operations: Operations;
  /** What it comes to on the record that was loaded. */
  readonly next: Contents;
  /** Whether `next` differs from what was loaded. */
  readonly changed: boolean;
  readonly regeneration: Regeneration | undefined;
}

/** The outcome of a commit. */
export interface Committed {
  /** The cookie's new value; `undefined`: the client keeps what it has. */
  readonly cookie: string | undefined;
  /** The session as it is now. */
  readonly stored: StoredSession;
}

/** How long a session may last. */
export interface Life {
  /** Seconds since its creation. */
  readonly maxAge: number;
  /** Seconds since its last use. */
  readonly idleTimeout: number | undefined;
}

/** One session as a request found it, with the ways to change it where it is kept. */
export interface StoredSession {
  /** Never changed by anybody. */
  readonly contents: Contents;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Milliseconds since the Unix epoch, settled when the session was made; `undefined` where its `maxAge` says it. */
  readonly expiresAt: number | undefined;
  /** What a backend has it under; `undefined` where there is none. */
  readonly key: string | undefined;
  /** Public random name; `undefined` where there is none. */
  readonly handle: string | undefined;
  /** Whether what it holds may be older than what is kept, so that the same value again is a change. */
  readonly cached: boolean;
  /** Whether it was there already; if not, nothing is made before a commit has changes. */
  readonly exists: boolean;
  /** Makes changes permanent. What became of the session meanwhile may drop them; then it stays as it was. */
  commit(commit: Commit, life: Life): Committed | Promise<Committed>;
  /** Takes messages out for showing; gives the ids of those that nobody else got. */
  claim(ids: ReadonlySet<string>): ReadonlySet<string> | Promise<ReadonlySet<string>>;
  /** Puts back what was claimed, for a request that ended in an unexpected error. Does not reject. */
  abandon(): void | Promise<void>;
  /** Removes it for good; nothing that is there already is fine. */
  end(): void | Promise<void>;
  /** Lets it go on, if it is the owner's, when his epoch moves to end the others. */
  spare(owner: string, epoch: number): void | Promise<void>;
}

/** What the client sent for one session, and the limits that hold for it. */
export interface Received extends Life {
  /** The cookie's full name. */
  readonly name: string;
  /** Values to try, in order; the first valid one counts. */
  readonly values: readonly string[];
}

/** Where sessions are kept: in their cookies, or in a backend under the id that a cookie holds. */
export interface SessionMedium {
  /** The client's session; a new empty one when it sent none that is valid. Nothing is kept by looking. */
  load(received: Received): StoredSession | Promise<StoredSession>;
  /** Removes the client's sessions without loading them, but the one under the key `but`, which has been. */
  end(received: Received, but: string | undefined): void | Promise<void>;
}
