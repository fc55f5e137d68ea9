import type { OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import type { NewRecord, SessionRecord } from "../../record/record.ts";
import { MemoryOwners } from "./owners.ts";

/**
 * A record as it is kept: its bytes are the characters of a text. That takes less memory than an ArrayBuffer for each record, and less
 * time to make.
 */
interface KeptRecord extends Omit<SessionRecord, "data"> {
  readonly text: string;
}

export interface MemoryBackendOptions {
  /** The most sessions that are kept. When there are more, expired ones are removed, and then the oldest. Default 10,000. */
  readonly limit?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in this process: for tests, and for sites with one process. A restart logs everybody out, and processes do
 * not see each other's sessions. Starts no timer: expired sessions are removed by `prune`, or when there are too many.
 */
export class MemoryBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  readonly #owners: MemoryOwners;
  readonly #records = new Map<string, KeptRecord>();
  readonly #limit: number;
  readonly #now: () => number;
  /**
   * Counts the writes. A count is enough here, because it never goes back while the records live, and is faster than random
   * versions.
   */
  #version = 0;
  /** How many more records are created before the next search for expired ones, because the search takes time. */
  #untilSweep = 0;

  /** @throws RangeError for a limit that is not a whole number over 0. */
  constructor({ limit = 10_000, now = Date.now }: MemoryBackendOptions = {}) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`The limit of a MemoryBackend must be a whole number over 0, not ${String(limit)}.`);
    }
    this.#limit = limit;
    this.#now = now;
    this.owners = this.#owners = new MemoryOwners(limit, (key) => this.#records.has(key));
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    const record = this.#find(key);
    return record && recordOf(record);
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    if (this.#find(key) !== undefined) return undefined;
    // An expired record may still be there. It is removed, so that the new record is the last in the map, which is in the order of
    // age.
    this.#records.delete(key);
    const version = this.#write(key, record);
    if (this.#records.size > this.#limit) this.#makeRoom();
    return version;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const current = this.#find(key);
    if (current?.version !== version) return { ok: false, current: current && recordOf(current) };
    return { ok: true, version: this.#write(key, record) };
  }

  async touch(key: string, idleAt: number): Promise<boolean> {
    const record = this.#find(key);
    if (record === undefined) return false;
    if (idleAt > record.idleAt) this.#records.set(key, { ...record, idleAt });
    return true;
  }

  async take(key: string): Promise<SessionRecord | undefined> {
    const record = this.#find(key);
    this.#forget(key);
    return record && recordOf(record);
  }

  async prune(limit: number): Promise<number> {
    const now = this.#now();
    let removed = 0;
    for (const [key, record] of this.#records) {
      if (removed >= limit) break;
      if (isAlive(record, now)) continue;
      this.#forget(key);
      removed++;
    }
    return removed;
  }

  async *all(): AsyncGenerator<readonly [key: string, record: SessionRecord]> {
    for (const key of this.#records.keys()) {
      const record = this.#find(key);
      if (record !== undefined) yield [key, recordOf(record)];
    }
  }

  async count(): Promise<number> {
    const now = this.#now();
    let count = 0;
    for (const record of this.#records.values()) if (isAlive(record, now)) count++;
    return count;
  }

  #find(key: string): KeptRecord | undefined {
    const record = this.#records.get(key);
    return record !== undefined && isAlive(record, this.#now()) ? record : undefined;
  }

  #write(key: string, record: NewRecord): string {
    const version = String(++this.#version);
    const { data, idleAt, expiresAt } = record;
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
    this.#records.set(key, { text, idleAt, expiresAt, version });
    return version;
  }

  #makeRoom(): void {
    if (--this.#untilSweep < 0) {
      this.#untilSweep = this.#limit / 16;
      for (const [key, record] of this.#records) if (!isAlive(record, this.#now())) this.#forget(key);
    }
    const [oldest] = this.#records.keys();
    if (oldest !== undefined && this.#records.size > this.#limit) this.#forget(oldest);
  }

  #forget(key: string): void {
    this.#records.delete(key);
    this.#owners.forget(key);
  }
}

function isAlive({ idleAt, expiresAt }: Pick<SessionRecord, "idleAt" | "expiresAt">, now: number): boolean {
  return now < idleAt && now < expiresAt;
}

/** The record with bytes of its own, from Node's pool: they are read at once, and a separate ArrayBuffer would cost more. */
function recordOf({ text, idleAt, expiresAt, version }: KeptRecord): SessionRecord {
  const { buffer, byteOffset, length } = Buffer.from(text, "latin1");
  return { data: new Uint8Array(buffer, byteOffset, length), idleAt, expiresAt, version };
}
