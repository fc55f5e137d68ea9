import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { SessionStillCachedError, type OwnerIndex, type SessionBackend, type SwapResult } from "../../keeping/backend.ts";
import { Deadline, SessionUnavailableError } from "../../keeping/deadline.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import type { SessionCache } from "./session-cache.ts";

export interface CachedBackendOptions {
  /** Where sessions are kept. */
  readonly backend: SessionBackend;
  /** Such as `new MemcachedCache({ client })` or `new RedisCache({ client })`. */
  readonly cache: SessionCache;
  /** Whole seconds that an entry, or the note that a session has ended, counts at most: 1 to 86,400. Default 30. */
  readonly ttl?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Milliseconds that a read waits for the cache, and how long a cache that failed is left alone. */
const patience = 100;
const rest = 1000;
/** Milliseconds that the end of a session waits for its note. */
const notePatience = 300;

/** Seconds; memcached takes 30 days and more for a date. */
const longestTtl = 86_400;

/** Seconds that a note is kept longer than what it is about counts: memcached forgets a value up to one too early. */
const spare = 1;

const tombstone = new Uint8Array([0]);

/**
 * Reads sessions from a cache, and from the backend what is not there; changes and ends are the backend's first. A
 * change by another process may be seen up to `ttl` seconds late; a commit made on an older record fails in the
 * backend and is made again on the newest, so none is lost.
 *
 * The end of a session leaves a note in the cache for `ttl` seconds, as long as anything that was read before it
 * counts. When the note can not be written the end rejects, though the session is gone from the backend: somebody
 * may see it for so long. A session that gets a new id goes on under that then. A cache that drops the note early, or
 * clocks that differ, have the same effect. For all else a cache that is down or slow costs only time.
 */
export class CachedBackend implements SessionBackend {
  readonly owners?: OwnerIndex;
  readonly prune?: (limit: number) => Promise<number>;
  readonly #backend: SessionBackend;
  readonly #cache: SessionCache;
  readonly #ttl: number;
  readonly #now: () => number;
  /** When the cache may be asked again; by the process's own clock. */
  #restsUntil = 0;

  /** @throws RangeError for a ttl that is none. */
  constructor({ backend, cache, ttl = 30, now = Date.now }: CachedBackendOptions) {
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > longestTtl)
      throw new RangeError(`The ttl of a CachedBackend must be whole seconds from 1 to ${longestTtl}, not ${String(ttl)}.`);
    this.#backend = backend;
    this.#cache = cache;
    this.#ttl = ttl;
    this.#now = now;
    if (backend.owners !== undefined) this.owners = backend.owners;
    if (backend.prune !== undefined) this.prune = (limit) => backend.prune!(limit);
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    const found = await this.#find(key);
    if (found === "ended") return undefined;
    if (found !== undefined) return { ...found, cached: true };
    const askedAt = this.#now();
    const record = await this.#backend.read(key);
    // Not over what is there: that is as new or newer.
    if (record !== undefined) await this.#try(() => this.#cache.add(entryKey(key), encodeEntry(key, { record, askedAt }), this.#ttl));
    return record;
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    await this.#try(() => this.#forgetEnd(key));
    const askedAt = this.#now();
    const version = await this.#backend.create(key, record);
    if (version === undefined) return undefined;
    const entry = encodeEntry(key, { record: { ...record, version }, askedAt });
    await this.#try(() => this.#cache.set(entryKey(key), entry, this.#ttl));
    return version;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const askedAt = this.#now();
    const result = await this.#backend.swap(key, version, record);
    const newest = result.ok ? { ...record, version: result.version } : result.current;
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
    // Also when nothing was there: an earlier try may have come this far.
    const note = inTime(notePatience, () => this.#cache.set(tombstoneKey(key), tombstone, this.#ttl + spare));
    // The note counts. This is for a cache that drops it early.
    const forgotten = this.#try(() => this.#cache.delete(entryKey(key)));
    try {
      await Promise.all([note, forgotten]);
    } catch (error) {
      throw new SessionStillCachedError(record, { cause: error instanceof SessionUnavailableError ? error.reason : error });
    }
    return record;
  }

  async close(): Promise<void> {
    await this.#backend.close?.();
  }

  /** For a key that is made again. Before that, and only if there is a note: later it could be that of the new one's end. */
  async #forgetEnd(key: string): Promise<void> {
    if ((await this.#cache.get(tombstoneKey(key))) !== undefined) await this.#cache.delete(tombstoneKey(key));
  }

  /** What the cache has of a live session; what it does not answer in time, or at all, it does not have. */
  async #find(key: string): Promise<SessionRecord | "ended" | undefined> {
    const found = await this.#try(() => Promise.all([this.#cache.get(tombstoneKey(key)), this.#cache.get(entryKey(key))]));
    if (found === undefined) return undefined;
    const [ended, value] = found;
    if (ended !== undefined) return "ended";
    const entry = value && decodeEntry(key, value);
    if (entry === undefined) return undefined;
    const { record, askedAt } = entry;
    const now = this.#now();
    // Counted from before it was read, so that no entry outlives the note of an end that came after.
    const counts = now >= askedAt && now < askedAt + this.#ttl * 1000;
    return counts && now < record.idleAt && now < record.expiresAt ? record : undefined;
  }

  /** Asks the cache, for a while; `undefined` when it fails, with whatever. Then it is left alone for some time. */
  async #try<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (performance.now() < this.#restsUntil) return undefined;
    return inTime(patience, work).catch(() => {
      this.#restsUntil = performance.now() + rest;
      return undefined;
    });
  }
}

/** Calls the cache, which must answer within so many milliseconds. @throws SessionUnavailableError */
async function inTime<Result>(milliseconds: number, work: () => Promise<Result>): Promise<Result> {
  const deadline = new Deadline(milliseconds, "The cache");
  try {
    return await deadline.call(work);
  } finally {
    deadline.end();
  }
}

const entryKey = (key: string) => `mini:cached:${key}`;
const tombstoneKey = (key: string) => `mini:ended:${key}`;
