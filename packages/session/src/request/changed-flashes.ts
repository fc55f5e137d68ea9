import { applyFlashes, copyJson, encodeJson, type Flash } from "../record/contents.ts";

export const noIds: ReadonlySet<string> = new Set();

/** The messages of a session as one request sees them: the loaded ones, and what this request did. */
export class ChangedFlashes {
  readonly #loaded: readonly Flash[];
  #added: readonly Flash[] = [];
  #taken: ReadonlySet<string> = noIds;
  /** Ids of the added messages that stay although the request has failed. */
  #late: ReadonlySet<string> = noIds;

  constructor(loaded: readonly Flash[]) {
    this.#loaded = loaded;
  }

  get added(): readonly Flash[] {
    return this.#added;
  }

  /** Ids of the loaded messages that were shown. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  get changed(): boolean {
    return this.#added.length > 0 || this.#taken.size > 0;
  }

  get all(): readonly Flash[] {
    return applyFlashes(this, this.#loaded);
  }

  /**
   * @param isLate - Whether the request has failed before, so that the message is about the error.
   * @throws TypeError for a message that is not JSON.
   */
  add(flash: Flash, isLate = false): void {
    encodeJson(undefined, flash.message);
    if (isLate) this.#late = new Set([...this.#late, flash.id]);
    this.#added = [...this.#added, { ...flash, message: copyJson(flash.message) }];
  }

  take(ids: ReadonlySet<string>): void {
    if (ids.size === 0) return;
    const loaded = new Set(this.#loaded.map(({ id }) => id));
    this.#added = this.#added.filter(({ id }) => !ids.has(id));
    this.#taken = new Set([...this.#taken, ...ids].filter((id) => loaded.has(id)));
  }

  /** The same on the messages of a newer record. */
  onto(loaded: readonly Flash[]): ChangedFlashes {
    const other = new ChangedFlashes(loaded);
    other.#added = this.#added;
    other.#late = this.#late;
    other.take(this.#taken);
    return other;
  }

  /** Leaves the loaded messages where they are: they were not shown. */
  putBack(): void {
    this.#taken = noIds;
  }

  /** Drops all that was done before the request failed; whether messages remain. */
  keepLate(): boolean {
    this.#added = this.#added.filter(({ id }) => this.#late.has(id));
    this.#taken = noIds;
    return this.#added.length > 0;
  }
}
