import { withVersion } from "../new-version.ts";
import { SessionStillCachedError, type CallSignal, type OwnerIndex, type SessionBackend, type SwapResult } from "../../keeping/backend.ts";
import { Deadline } from "../../keeping/deadline.ts";
import { SessionUnavailableError } from "../../keeping/failures.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import type { SessionCache } from "./session-cache.ts";

export interface CachedBackendOptions {
  /** Where sessions are kept. */
  readonly backend: SessionBackend;
  /** Such as `new MemcachedCache({ client })` or `new RedisCache({ client })`. */
  readonly cache: SessionCache;
  /**
   * Whole seconds for which an entry is used, and for which the cache keeps a note that a session has ended: 1 to 86,400. Default
   * 30.
   */
  readonly ttl?: number | undefined;
  /**
   * Milliseconds that a read waits for the cache before it goes to the backend. The end of a session waits three times as
   * long for the cache to write the note. Default 100.
   */
  readonly timeout?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Milliseconds for which a cache that failed is not used. */
const pauseAfterFailure = 1000;
/** How many times the timeout the end of a session waits for the cache to write the note. */
const noteTimeouts = 3;

/** Seconds. memcached reads numbers above 30 days as a date. */
const longestTtl = 86_400;

/** A note is kept this many seconds longer than an entry, because memcached forgets a value up to a second too early. */
const extraNoteSeconds = 1;

const endNote = new Uint8Array([0]);
/** The note for a session that has got a new id. The backend has a note of the new id, so the backend is read. */
const forgetNote = new Uint8Array([1]);

/**
 * Reads sessions from a cache, and from the backend when the cache does not have them. Sessions are changed and ended in the
 * backend first. A change by another process may be seen up to `ttl` seconds late. No change is lost: a commit on an older
 * record fails in the backend, and is made again on the newest.
 *
 * The end of a session leaves a note in the cache for `ttl` seconds, because an older entry can be used for that long. While the
 * cache is down, the end rejects with `SessionStillCachedError`, although the session is gone from the backend:
 * other processes may still see it for up to `ttl` seconds. (`regenerate` succeeds in that case.) The same can happen when
 * the cache drops the note early, or when clocks differ. Apart from that, a cache that is down or slow only costs time.
 */
export class CachedBackend implements SessionBackend {
  readonly owners?: OwnerIndex;
  readonly prune?: (limit: number) => Promise<number>;
  readonly all?: NonNullable<SessionBackend["all"]>;
  readonly count?: () => Promise<number>;
  readonly #backend: SessionBackend;
  readonly #cache: SessionCache;
  readonly #ttl: number;
  readonly #timeout: number;
  readonly #now: () => number;
  /** When the cache may be used again; milliseconds of `performance.now()`. */
  #pausedUntil = 0;

  /**
   * @throws RangeError for a ttl that is not a whole number from 1 to 86,400, or a timeout that is not a whole number of 1 or
   * more.
   */
  constructor({ backend, cache, ttl = 30, timeout = 100, now = Date.now }: CachedBackendOptions) {
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > longestTtl)
      throw new RangeError(`The ttl of a CachedBackend must be whole seconds from 1 to ${longestTtl}, not ${String(ttl)}.`);
    if (!Number.isInteger(timeout) || timeout < 1)
      throw new RangeError(`The timeout of a CachedBackend must be a whole number of milliseconds from 1, not ${String(timeout)}.`);
    this.#backend = backend;
    this.#cache = cache;
    this.#ttl = ttl;
    this.#timeout = timeout;
    this.#now = now;
    if (backend.owners !== undefined) this.owners = backend.owners;
    if (backend.prune !== undefined) this.prune = (limit) => backend.prune!(limit);
    if (backend.all !== undefined) this.all = () => backend.all!();
    if (backend.count !== undefined) this.count = () => backend.count!();
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    const found = await this.#find(key);
    if (found === "ended") return undefined;
    if (found !== undefined) return { ...found, cached: true };
    const askedAt = this.#now();
    const record = (await this.#backend.read(key)) ?? undefined;
    // If an entry exists already, it is as new or newer, so it is kept.
    if (record !== undefined) await this.#try(() => this.#cache.add(entryKey(key), encodeEntry(key, { record, askedAt }), this.#ttl));
    return record;
  }

  async create(key: string, record: NewRecord, signal?: CallSignal): Promise<string | undefined> {
    await this.#try(() => this.#forgetEnd(key));
    const askedAt = this.#now();
    const version = await this.#backend.create(key, record, signal);
    // The caller reports a result of another type, here and below.
    if (version === undefined || typeof (version as unknown) !== "string") return version ?? undefined;
    const entry = encodeEntry(key, { record: withVersion(record, version), askedAt });
    await this.#try(() => this.#cache.set(entryKey(key), entry, this.#ttl));
    return version;
  }

  async swap(key: string, version: string, record: NewRecord, signal?: CallSignal): Promise<SwapResult> {
    const askedAt = this.#now();
    const result = await this.#backend.swap(key, version, record, signal);
    if (typeof (result as Partial<SwapResult> | null | undefined)?.ok !== "boolean") return result;
    const newest = result.ok ? withVersion(record, result.version) : (result.current ?? undefined);
    await this.#try(() =>
      newest === undefined
        ? this.#cache.delete(entryKey(key))
        : this.#cache.set(entryKey(key), encodeEntry(key, { record: newest, askedAt }), this.#ttl),
    );
    return result;
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    const exists = await this.#backend.touch(key, idleAt);
    await this.#try(() => this.#cache.delete(entryKey(key)));
    return exists;
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    const record = await this.#backend.take(key);
    // The note is written even if the backend had no record: an earlier try may have removed it and then failed to write the note.
    await this.#note(key, endNote, record);
    return record;
  }

  async forget(key: string): Promise<void> {
    await this.#note(key, forgetNote, undefined);
  }

  /** @throws SessionStillCachedError */
  async #note(key: string, value: Uint8Array, record: SessionRecord | undefined): Promise<void> {
    const note = inTime(noteTimeouts * this.#timeout, () => this.#cache.set(noteKey(key), value, this.#ttl + extraNoteSeconds));
    // The note alone is enough. The entry is removed too, in case the cache drops the note early.
    const forgotten = this.#try(() => this.#cache.delete(entryKey(key)));
    try {
      await Promise.all([note, forgotten]);
    } catch (error) {
      throw new SessionStillCachedError(record, { cause: error instanceof SessionUnavailableError ? error.reason : error });
    }
  }

  async close(): Promise<void> {
    await this.#backend.close?.();
  }

  /**
   * Removes the note of a key that is about to be created again. This comes before the creation: a note written later could
   * belong to the new session.
   */
  async #forgetEnd(key: string): Promise<void> {
    if ((await this.#cache.get(noteKey(key))) instanceof Uint8Array) await this.#cache.delete(noteKey(key));
  }

  /** The live record that the cache has; `undefined` if it has none, fails, or does not answer in time. */
  async #find(key: string): Promise<SessionRecord | "ended" | undefined> {
    // `async`, because the second call may throw, and the first promise must not be left without a handler then.
    const found = await this.#try(() => Promise.all([noteKey(key), entryKey(key)].map(async (name) => this.#cache.get(name))));
    if (found === undefined) return undefined;
    const [ended, value] = found;
    // Many clients return `null` for a missing value.
    if (ended !== undefined && ended !== null) return ended[0] === forgetNote[0] ? undefined : "ended";
    const entry = value instanceof Uint8Array ? decodeEntry(key, value) : undefined;
    if (entry === undefined) return undefined;
    const { record, askedAt } = entry;
    const now = this.#now();
    // Measured from before the record was read, so that an entry does not outlive the note of a later end.
    const isFresh = now >= askedAt && now < askedAt + this.#ttl * 1000;
    return isFresh && now < record.idleAt && now < record.expiresAt ? record : undefined;
  }

  /** Calls the cache; `undefined` when the cache fails or does not answer in time. Then the cache is not used for some time. */
  async #try<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (performance.now() < this.#pausedUntil) return undefined;
    return inTime(this.#timeout, work).catch(() => {
      this.#pausedUntil = performance.now() + pauseAfterFailure;
      return undefined;
    });
  }
}

/** Calls the cache, which must answer within this number of milliseconds. @throws SessionUnavailableError */
async function inTime<Result>(milliseconds: number, work: () => Promise<Result>): Promise<Result> {
  const deadline = new Deadline(milliseconds, "The cache");
  try {
    return await deadline.call(work);
  } finally {
    deadline.end();
  }
}

const entryKey = (key: string) => `mini:cached:${key}`;
const noteKey = (key: string) => `mini:ended:${key}`;
