import type { OwnerIndex } from "../../keeping/backend.ts";

/** Whose the records are. An entry goes with its record; those that never got one go when there are too many. */
export class MemoryOwners implements OwnerIndex {
  readonly #epochs = new Map<string, number>();
  /** The highest epoch that was forgotten: whoever compares epochs sees a move rather than miss one. */
  #forgottenEpoch = 0;
  readonly #keys = new Map<string, Set<string>>();
  readonly #ownersOf = new Map<string, Set<string>>();
  readonly #limit: number;
  readonly #exists: (key: string) => boolean;

  constructor(limit: number, exists: (key: string) => boolean) {
    this.#limit = limit;
    this.#exists = exists;
  }

  async epoch(owner: string): Promise<number> {
    return this.#epochs.get(owner) ?? this.#forgottenEpoch;
  }

  async bump(owner: string): Promise<number> {
    const epoch = (this.#epochs.get(owner) ?? this.#forgottenEpoch) + 1;
    // Those that were bumped last stay longest.
    this.#epochs.delete(owner);
    this.#epochs.set(owner, epoch);
    const [oldest] = this.#epochs;
    if (oldest !== undefined && this.#epochs.size > this.#limit) {
      this.#epochs.delete(oldest[0]);
      this.#forgottenEpoch = Math.max(this.#forgottenEpoch, oldest[1]);
    }
    return epoch;
  }

  async add(owner: string, key: string): Promise<void> {
    addTo(this.#keys, owner, key);
    addTo(this.#ownersOf, key, owner);
    if (this.#ownersOf.size > 2 * this.#limit) this.#makeRoom();
  }

  async remove(owner: string, key: string): Promise<void> {
    removeFrom(this.#keys, owner, key);
    removeFrom(this.#ownersOf, key, owner);
  }

  async keys(owner: string): Promise<readonly string[]> {
    return [...(this.#keys.get(owner) ?? [])];
  }

  forget(key: string): void {
    for (const owner of this.#ownersOf.get(key) ?? []) removeFrom(this.#keys, owner, key);
    this.#ownersOf.delete(key);
  }

  /** There are at most `limit` records, so at least as many entries have none; those added last may be about to get one. */
  #makeRoom(): void {
    for (const key of this.#ownersOf.keys()) {
      if (this.#ownersOf.size <= 1.5 * this.#limit) break;
      if (!this.#exists(key)) this.forget(key);
    }
  }
}

function addTo(sets: Map<string, Set<string>>, name: string, value: string): void {
  const set = sets.get(name);
  if (set === undefined) sets.set(name, new Set([value]));
  else set.add(value);
}

function removeFrom(sets: Map<string, Set<string>>, name: string, value: string): void {
  const set = sets.get(name);
  if (set?.delete(value) && set.size === 0) sets.delete(name);
}
