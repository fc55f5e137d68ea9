import { createHash } from "node:crypto";
import type { OwnerIndex } from "../../keeping/backend.ts";
import { orphanAge } from "../orphan-age.ts";
import type { RedisCalls } from "./calls.ts";
import { add, bump, checked, epoch, exists, keys, remove } from "./scripts.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** Milliseconds until the next check whether a session still exists. */
const untilNextCheck = day;
/** Entries that one `add` checks. It checks more than it adds, so that entries of ended sessions do not pile up. */
const mostChecks = 4;
/** The least milliseconds for which the set of an owner is kept without use. */
const shortestStay = 30 * day;
/** The longest time that a set is kept, in milliseconds. */
const longestStay = 1e15;

/**
 * The owners of the records: one sorted set for each owner, so that every script has one key and works in a cluster.
 *
 * Each set expires after it was unused for longer than any session can live: at least 30 days, and longer than every session that
 * this process saved. `epoch`, `add` and `bump` extend this time, so a set outlives the sessions created with its epoch. After it
 * expires, the epoch starts at 0 again. No request notices this, because no request takes that long between its two reads of the
 * epoch.
 */
export class RedisOwners implements OwnerIndex {
  readonly #calls: RedisCalls;
  readonly #prefix: string;
  readonly #now: () => number;
  #stay = shortestStay;

  constructor(calls: RedisCalls, prefix: string, now: () => number) {
    this.#calls = calls;
    this.#prefix = prefix;
    this.#now = now;
  }

  /** Makes sets outlive a session that lives for this many milliseconds. */
  outlive(life: number): void {
    if (life + hour > this.#stay) this.#stay = Math.min(longestStay, Math.ceil(life) + hour);
  }

  async epoch(owner: string): Promise<number> {
    return Number(await this.#calls.run(epoch, this.#setOf(owner), [this.#now(), this.#stay]));
  }

  async bump(owner: string): Promise<number> {
    return Number(await this.#calls.run(bump, this.#setOf(owner), [this.#now(), this.#stay]));
  }

  async add(owner: string, key: string): Promise<void> {
    const set = this.#setOf(owner);
    const now = this.#now();
    const due = membersIn(await this.#calls.run(add, set, [now, this.#stay, key, now + orphanAge, mostChecks]));
    if (due.length === 0) return;
    // Checks existence and not the time, because the clock of another process may be behind.
    const found = await Promise.all(
      due.map(async (member) => [member, Number(await this.#calls.run(exists, this.#prefix + keyIn(member), [now]))]),
    );
    await this.#calls.run(checked, set, [now, this.#stay, now + untilNextCheck, ...found.flat()]);
  }

  async remove(owner: string, key: string): Promise<void> {
    await this.#calls.run(remove, this.#setOf(owner), [this.#now(), this.#stay, key]);
  }

  async keys(owner: string): Promise<readonly string[]> {
    return membersIn(await this.#calls.run(keys, this.#setOf(owner), [this.#now(), this.#stay])).map(keyIn);
  }

  /** Owners are hashed because they can be any text, and because readers of the keys need not know them. */
  #setOf(owner: string): string {
    return `${this.#prefix}owner:${createHash("sha256").update(owner).digest("base64url")}`;
  }
}

function membersIn(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

function keyIn(member: string): string {
  return member.slice(1);
}
