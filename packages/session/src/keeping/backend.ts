import type { NewRecord, SessionRecord } from "../record/record.ts";

/** `current` is the newest record, `undefined` when the session is gone. */
export type SwapResult =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly current: SessionRecord | undefined };

/** Which sessions belong to an owner. Entries may dangle: whoever lists reads the records and compares. */
export interface OwnerIndex {
  /** Counts the owner's `bump`s; 0 at first. */
  epoch(owner: string): Promise<number>;
  bump(owner: string): Promise<number>;
  add(owner: string, key: string): Promise<void>;
  /** Removing what is not there is fine. */
  remove(owner: string, key: string): Promise<void>;
  keys(owner: string): Promise<readonly string[]>;
}

/**
 * Where server-side sessions are kept. Everything missing is an answer (`undefined`, `false`), a broken medium a
 * rejection. There is no upsert on purpose: nothing that a request in flight does may bring back what was taken.
 *
 * `key` is the SHA-256 of the session's id in base64url, so that nobody who reads the medium learns an id.
 */
export interface SessionBackend {
  /** `undefined` also past `idleAt` or `expiresAt`, whether or not the record is still there. */
  read(key: string): Promise<SessionRecord | undefined>;
  /** The new record's version; `undefined` when the key exists. */
  create(key: string, record: NewRecord): Promise<string | undefined>;
  /** Replaces the record only if it has that version still. */
  swap(key: string, version: string, record: NewRecord): Promise<SwapResult>;
  /** Moves `idleAt` forward, never back, of a record that exists; its version stays. `false`: it does not exist. */
  touch(key: string, idleAt: number): Promise<boolean>;
  /**
   * Removes the record and gives it; `undefined` when there is none.
   *
   * @throws SessionStillCachedError when it is removed, and may be read from a cache for some time.
   */
  take(key: string): Promise<SessionRecord | undefined>;
  readonly owners?: OwnerIndex;
  /** Removes expired records, `limit` at most; how many it were. */
  prune?(limit: number): Promise<number>;
  /** Waits for what is under way. The medium's client belongs to the caller, who closes it. */
  close?(): Promise<void>;
}

/** A session was removed where it is kept; a cache could not be told, and may show it for some time. */
export class SessionStillCachedError extends Error {
  readonly code = "MINI_SESSION_STILL_CACHED";
  /** What was removed. */
  readonly record: SessionRecord | undefined;

  constructor(record: SessionRecord | undefined, options?: ErrorOptions) {
    super("the session is removed, but the cache can not be told, and may show it for some time.", options);
    this.record = record;
  }

  override get name(): string {
    return "SessionStillCachedError";
  }
}
