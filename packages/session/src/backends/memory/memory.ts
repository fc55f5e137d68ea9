import type { NewRecord, SessionRecord } from "../../record/record.ts";
import type { OwnerIndex, SessionBackend, SwapResult } from "../../keeping/backend.ts";
import { MemoryOwners } from "./owners.ts";

export interface MemoryBackendOptions {
  /** Most sessions kept at once; past it expired ones go, and then the oldest. Default 10,000. */
  readonly limit?: number | undefined;
  /** Clock, in milliseconds since the Unix epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Keeps sessions in this process: for tests and one-process sites. A restart signs everybody out, and two processes
 * do not see each other's sessions. Starts no timer: what expired goes with `prune`, or when room is needed.
 */
export class MemoryBackend implements SessionBackend {
  readonly owners: OwnerIndex;
  readonly #owners: MemoryOwners;
  readonly #records = new Map<string, SessionRecord>();
  readonly #limit: number;
  readonly #now: () => number;
  #version = 0;
  /** How many more records may come before it is worth the time to look for expired ones again. */
  #untilSweep = 0;

  /** @throws RangeError for a limit that is no whole number over 0. */
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
    return record && copy(record);
  }

  async create(key: string, record: NewRecord): Promise<string | undefined> {
    if (this.#find(key) !== undefined) return undefined;
    // An expired one may still hold the place; the new one is the youngest all the same.
    this.#records.delete(key);
    const version = this.#write(key, record);
    if (this.#records.size > this.#limit) this.#makeRoom();
    return version;
  }

  async swap(key: string, version: string, record: NewRecord): Promise<SwapResult> {
    const current = this.#find(key);
    if (current?.version !== version) return { ok: false, current: current && copy(current) };
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
    return record;
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

  #find(key: string): SessionRecord | undefined {
    const record = this.#records.get(key);
    return record !== undefined && isAlive(record, this.#now()) ? record : undefined;
  }

  #write(key: string, record: NewRecord): string {
    const version = String(++this.#version);
    const { data, idleAt, expiresAt } = record;
    this.#records.set(key, { data: new Uint8Array(data), idleAt, expiresAt, version });
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

function isAlive({ idleAt, expiresAt }: NewRecord, now: number): boolean {
  return now < idleAt && now < expiresAt;
}

/** Its bytes are not those that are kept; they lie among others, for they are read at once, and new ones outside of the heap cost more. */
function copy({ data, idleAt, expiresAt, version }: SessionRecord): SessionRecord {
  const { buffer, byteOffset, length } = Buffer.from(data);
  return { data: new Uint8Array(buffer, byteOffset, length), idleAt, expiresAt, version };
}
