import type { OwnerIndex } from "../../keeping/backend.ts";

/** The owners of the records. An entry is removed with its record; entries without a record are removed when there are too many. */
export class MemoryOwners implements OwnerIndex {
  readonly #epochs = new Map<string, number>();
  /**
   * The highest epoch that was removed. Owners without an entry have this epoch. A comparison may then report a
   * change that did not happen, but it never misses one.
   */
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
    // Moved to the end of the map, so that the owner that was bumped longest ago is the first.
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

  /** Removes entries without a record, the oldest first, because the records of the newest may be created next. */
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
