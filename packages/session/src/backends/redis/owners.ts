import { createHash } from "node:crypto";
import type { OwnerIndex } from "../../keeping/backend.ts";
import type { RedisCalls } from "./calls.ts";
import { add, bump, epoch, exists, keys, looked, remove } from "./scripts.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** Milliseconds that an owner's entry may be without its record. */
const withoutRecord = hour;
/** Milliseconds after which a session that was there is looked for again. */
const untilNextLook = day;
/** Entries that one `add` looks after: more than it adds, so that those of ended sessions never pile up. */
const mostLooks = 4;
/** Milliseconds that an owner's set stays at least when nobody uses it. */
const shortestStay = 30 * day;
/** Milliseconds; what Redis takes for ever. */
const longestStay = 1e15;

/**
 * Whose the records are: one sorted set for each owner, so that every script has one key and works in a cluster.
 *
 * The set goes when it has not been used for longer than any session lives: longer than every life that this process has
 * seen, and 30 days. `epoch` and `add` move that forward, as `bump` does, so that the set outlives the sessions that were
 * made under it: whoever makes one reads the epoch once more afterwards. An epoch that went with its set begins at 0 again,
 * which nobody who compares two epochs can be in the middle of.
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

  /** Takes note of a session that lives so many milliseconds. */
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
    const due = membersIn(await this.#calls.run(add, set, [now, this.#stay, key, now + withoutRecord, mostLooks]));
    if (due.length === 0) return;
    // Whether Redis still has them, in place of whether they are alive by the clock of this process: another one's may be behind.
    const found = await Promise.all(
      due.map(async (member) => [member, Number(await this.#calls.run(exists, this.#prefix + keyIn(member), [now]))]),
    );
    await this.#calls.run(looked, set, [now, this.#stay, now + untilNextLook, ...found.flat()]);
  }

  async remove(owner: string, key: string): Promise<void> {
    await this.#calls.run(remove, this.#setOf(owner), [this.#now(), this.#stay, key]);
  }

  async keys(owner: string): Promise<readonly string[]> {
    return membersIn(await this.#calls.run(keys, this.#setOf(owner), [this.#now(), this.#stay])).map(keyIn);
  }

  /** Owners are hashed: they are any text, and nobody who sees Redis' keys has to learn them. */
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
