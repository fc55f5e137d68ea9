import type { NewRecord, SessionRecord } from "../record/record.ts";

/** When `ok` is false, `current` is the newest record, or `undefined` when the session is gone. */
export type SwapResult =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly current: SessionRecord | undefined };

/** Whether the caller of a backend has given up. An `AbortSignal` has this type. */
export interface CallSignal {
  readonly aborted: boolean;
}

/** Which sessions belong to an owner. An entry can exist without its record, so read the record and check its owner. */
export interface OwnerIndex {
  /** How often the owner's sessions were revoked; 0 at first. */
  epoch(owner: string): Promise<number>;
  /** Adds 1 to `epoch` and returns the sum. */
  bump(owner: string): Promise<number>;
  add(owner: string, key: string): Promise<void>;
  /** Removing an entry that does not exist is not an error. */
  remove(owner: string, key: string): Promise<void>;
  keys(owner: string): Promise<readonly string[]>;
}

/**
 * Where sessions are kept on the server. A missing record is a return value (`undefined`, `false`); a failure of the storage is a
 * rejection. There is no upsert, so that no request can bring back a session that was taken in the meantime.
 *
 * `key` is the SHA-256 of the session's id in base64url, so that reading the storage does not reveal an id.
 *
 * `signal` is for backends that delay a change, for example until they get a lock. If it is aborted, the request was already
 * answered with 503: the change must not begin, and the call rejects with an error named `"AbortError"`.
 */
export interface SessionBackend {
  /** The record; `undefined` if there is none, and if its `idleAt` or `expiresAt` has passed, even if it is still there. */
  read(key: string): Promise<SessionRecord | undefined>;
  /** The new record's version; `undefined` when the key exists. */
  create(key: string, record: NewRecord, signal?: CallSignal): Promise<string | undefined>;
  /** Replaces the record, if it still has that version. */
  swap(key: string, version: string, record: NewRecord, signal?: CallSignal): Promise<SwapResult>;
  /** Moves the `idleAt` of a record forward, never back; its version stays. `false`: there is no record. */
  touch(key: string, idleAt: number): Promise<boolean>;
  /**
   * Removes the record and returns it; `undefined` when there is none.
   *
   * @throws SessionStillCachedError when it is removed, but a cache may still show it for some time.
   */
  take(key: string): Promise<SessionRecord | undefined>;
  /**
   * For a backend with a cache: keeps the cache from showing the older records of a key that was swapped. Called when a session
   * has got a new id.
   */
  forget?(key: string): Promise<void>;
  readonly owners?: OwnerIndex;
  /** Removes expired records, `limit` at most; returns their number. */
  prune?(limit: number): Promise<number>;
  /**
   * All live records with their keys, in any order. They are read as the caller iterates. Records that are created or end in the
   * meantime may be missing.
   */
  all?(): AsyncIterable<readonly [key: string, record: SessionRecord]>;
  /** The number of live records. */
  count?(): Promise<number>;
  /** Waits for calls that are under way. The client of the storage belongs to the caller, who closes it. */
  close?(): Promise<void>;
}

/** A session was removed from its backend, but the cache was not updated, and may still show it for some time. */
export class SessionStillCachedError extends Error {
  readonly code = "MINI_SESSION_STILL_CACHED";
  /** The removed record. */
  readonly record: SessionRecord | undefined;

  constructor(record: SessionRecord | undefined, options?: ErrorOptions) {
    super("the session was removed, but the cache could not be updated and may show it for some time.", options);
    this.record = record;
  }

  override get name(): string {
    return "SessionStillCachedError";
  }
}
