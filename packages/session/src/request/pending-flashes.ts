import { freshFlashes, type Flash } from "../record/flash.ts";
import { copyJson, encodeJson } from "../record/json.ts";
import { applyFlashes } from "../record/operations.ts";

const noIds: ReadonlySet<string> = new Set();

/** A session's messages as one request sees them: those that were loaded, and what it did about them. */
export class PendingFlashes {
  readonly #loaded: readonly Flash[];
  #added: readonly Flash[] = [];
  #taken: ReadonlySet<string> = noIds;

  constructor(loaded: readonly Flash[]) {
    this.#loaded = loaded;
  }

  get added(): readonly Flash[] {
    return this.#added;
  }

  /** Ids of those that were loaded and have been shown. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  get changed(): boolean {
    return this.#added.length > 0 || this.#taken.size > 0;
  }

  /** Those that are not older than `maxAge` seconds. */
  fresh(maxAge: number, now: number): readonly Flash[] {
    return freshFlashes(this.all, maxAge, now);
  }

  get all(): readonly Flash[] {
    return applyFlashes(this, this.#loaded);
  }

  /** @throws TypeError for a message that is no JSON. */
  add(flash: Flash): void {
    encodeJson(undefined, flash.message);
    this.#added = [...this.#added, { ...flash, message: copyJson(flash.message) }];
  }

  take(ids: ReadonlySet<string>): void {
    if (ids.size === 0) return;
    const loaded = new Set(this.#loaded.map(({ id }) => id));
    this.#added = this.#added.filter(({ id }) => !ids.has(id));
    this.#taken = new Set([...this.#taken, ...ids].filter((id) => loaded.has(id)));
  }

  /** The same on a newer record. */
  onto(loaded: readonly Flash[]): PendingFlashes {
    const other = new PendingFlashes(loaded);
    other.#added = this.#added;
    other.take(this.#taken);
    return other;
  }
}
