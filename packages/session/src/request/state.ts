import { freshFlashes, type Flash } from "../record/flash.ts";
import type { Commit, Regeneration, StoredSession } from "../keeping/keeping.ts";
import { quoted, sameContents, type Contents, type Data } from "../record/operations.ts";
import { PendingFlashes } from "./pending-flashes.ts";
import { PendingValues } from "./pending-values.ts";

/** A session was changed, or asked for the first time, after the head of the response was written. */
export class SessionCommittedError extends Error {
  readonly code = "MINI_SESSION_COMMITTED";

  constructor(what: string, options?: ErrorOptions) {
    super(
      `Cannot ${what}: the head of the response has been written, and the session was committed before it. ` +
        "Do it in the handler, before it returns its response; a streamed body can not change a session.",
      options,
    );
  }

  override get name(): string {
    return "SessionCommittedError";
  }
}

/** One request's view of a session: what was loaded, what the request did since, and what of it is committed. */
export class SessionState {
  readonly #flashMaxAge: number;
  readonly #now: () => number;
  #stored: StoredSession;
  /** What was loaded, or committed last. */
  #base: Contents;
  #values: PendingValues;
  #flashes: PendingFlashes;
  #regeneration: Regeneration | undefined;
  #closed = false;

  constructor(stored: StoredSession, { flashMaxAge, now }: { readonly flashMaxAge: number; readonly now: () => number }) {
    this.#stored = stored;
    this.#base = stored.contents;
    this.#values = new PendingValues(stored.contents.data, stored.cached);
    this.#flashes = new PendingFlashes(stored.contents.flashes);
    this.#flashMaxAge = flashMaxAge;
    this.#now = now;
  }

  get stored(): StoredSession {
    return this.#stored;
  }

  get createdAt(): number {
    return this.#regeneration?.at ?? this.#stored.createdAt;
  }

  /** Whether the session begins anew with the next commit. */
  get regenerates(): boolean {
    return this.#regeneration !== undefined;
  }

  /** From here on nothing can be changed: the head is being written. */
  close(): void {
    this.#closed = true;
  }

  /**
   * @param key - What is done to it, when it is one key of the session.
   * @throws SessionCommittedError once the session is closed.
   */
  mustBeOpen(doing: string, key?: string): void {
    if (this.#closed) throw new SessionCommittedError(key === undefined ? doing : `${doing} ${quoted(key)} in the session`);
  }

  // Values

  /** A key's value without handing it out, so only to look at. */
  look(key: string): unknown {
    return this.#values.look(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  keys(): string[] {
    return this.#values.keys();
  }

  set(key: string, value: unknown): void {
    this.mustBeOpen("set", key);
    this.#values.set(key, value);
  }

  assign(values: Data): void {
    this.mustBeOpen("assign to the session");
    this.#values.assign(values);
  }

  delete(key: string): boolean {
    this.mustBeOpen("delete", key);
    return this.#values.delete(key);
  }

  clear(): void {
    this.mustBeOpen("clear the session");
    this.#values.clear();
  }

  increment(key: string, by: number): number {
    this.mustBeOpen("increment", key);
    return this.#values.increment(key, by);
  }

  update(key: string, change: (value: unknown) => unknown): unknown {
    this.mustBeOpen("update", key);
    return this.#values.update(key, change);
  }

  // Messages

  get flashes(): readonly Flash[] {
    return this.#flashes.fresh(this.#flashMaxAge, this.#now());
  }

  addFlash(flash: Flash): void {
    this.mustBeOpen("flash a message");
    this.#flashes.add(flash);
  }

  takeFlashes(ids: ReadonlySet<string>): void {
    this.#flashes.take(ids);
  }

  // Committing

  regenerate(owner: string | undefined, keep: ReadonlySet<string> | undefined): void {
    this.mustBeOpen("regenerate the session");
    if (keep !== undefined) {
      this.#values.keepOnly(keep);
      this.#flashes = this.#flashes.onto([]);
    }
    const earlier = this.#regeneration;
    const keptBefore = earlier?.keep;
    this.#regeneration = {
      owner: owner ?? earlier?.owner,
      at: this.#now(),
      keep: keep === undefined || keptBefore === undefined ? (keep ?? keptBefore) : new Set([...keep].filter((key) => keptBefore.has(key))),
    };
  }

  /** What a commit has to do. @throws TypeError for a value that was made unfit for JSON after it was handed out. */
  commit(): Commit {
    const base = this.#base;
    const changes = this.#values.changes();
    const { cleared } = this.#values;
    const { added, taken, changed: flashed } = this.#flashes;
    const drops = this.#regeneration?.keep !== undefined;
    const idle = changes.size === 0 && !cleared && !flashed && !drops;
    const next = idle ? base : { data: this.#values.next(changes), flashes: this.#flashes.all };
    const changed = !idle && (this.#stored.cached || !sameContents(base, next));
    // Outdated messages are no reason to save, and are not saved either.
    const flashes = freshFlashes(next.flashes, this.#flashMaxAge, this.#now());
    return {
      operations: { cleared, changes, added, taken },
      next: changed ? { ...next, flashes } : next,
      changed,
      regeneration: this.#regeneration,
    };
  }

  /** Leaves a commit to the medium: what is done from here on comes on top of it, and is for the next one. */
  begin({ next }: Commit): void {
    this.#base = next;
    this.#values = this.#values.onto(next.data);
    this.#flashes = new PendingFlashes(next.flashes);
    this.#regeneration = undefined;
  }

  /** What came of it: the newest record, with what others have changed; what was done meanwhile is done again on that. */
  committed(stored: StoredSession): void {
    this.#stored = stored;
    this.#base = stored.contents;
    const keep = this.#regeneration?.keep;
    this.#values.rebase(stored.contents.data, keep);
    this.#flashes = this.#flashes.onto(keep === undefined ? stored.contents.flashes : []);
  }

  /** Starts over with another stored session; nothing of before is left. */
  restart(stored: StoredSession): void {
    this.#stored = stored;
    this.#base = stored.contents;
    this.#values = new PendingValues(stored.contents.data, stored.cached);
    this.#flashes = new PendingFlashes(stored.contents.flashes);
    this.#regeneration = undefined;
  }
}
