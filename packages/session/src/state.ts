import { SessionCommittedError } from "./errors.ts";
import { freshFlashes, type Flash } from "./flash.ts";
import { copyJson, encodeJson } from "./json.ts";
import type { Commit, Regeneration, StoredSession } from "./medium.ts";
import { increment, quoted, sameContents, sameValue, type Change, type Contents, type Data, type Step } from "./operations.ts";
import { PendingFlashes } from "./pending-flashes.ts";

/** What was done to one key, with the value this request sees because of it. */
type Pending =
  | { readonly type: "set"; readonly value: unknown }
  | { readonly type: "delete"; readonly value: undefined }
  | { readonly type: "steps"; readonly value: unknown; readonly text: string; readonly steps: readonly Step[] };

/** A value that was handed out, and its JSON at that moment. */
interface Lent {
  readonly value: unknown;
  readonly text: string;
}

const deleted: Pending = Object.freeze({ type: "delete", value: undefined });

/**
 * One request's view of a session: what was loaded, never changed, and over it what this request did. Objects are
 * handed out as copies, and looked at again when it matters, so that changes inside them count.
 */
export class SessionState {
  readonly #flashMaxAge: number;
  readonly #now: () => number;
  #stored: StoredSession;
  /** What was loaded, or committed last. */
  #base: Contents;
  /** What of its data stays, for a commit that keeps some keys only. */
  #data: Data;
  #pending = new Map<string, Pending>();
  #lent = new Map<string, Lent>();
  #cleared = false;
  #flashes: PendingFlashes;
  #regeneration: Regeneration | undefined;
  #closed = false;

  constructor(stored: StoredSession, { flashMaxAge, now }: { readonly flashMaxAge: number; readonly now: () => number }) {
    this.#stored = stored;
    this.#base = stored.contents;
    this.#data = stored.contents.data;
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

  /** @throws SessionCommittedError once the session is closed. */
  mustBeOpen(what: string): void {
    if (this.#closed) throw new SessionCommittedError(what);
  }

  // Reading

  #hasLoaded(key: string): boolean {
    return !this.#cleared && Object.hasOwn(this.#data, key);
  }

  /** A key's value without handing it out, so only to look at. */
  look(key: string): unknown {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.value;
    if (!this.#hasLoaded(key)) return undefined;
    const lent = this.#lent.get(key);
    return lent === undefined ? this.#data[key] : lent.value;
  }

  has(key: string): boolean {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#hasLoaded(key) : pending.type !== "delete";
  }

  get(key: string): unknown {
    const value = this.look(key);
    if (typeof value !== "object" || value === null || this.#pending.has(key) || this.#lent.has(key)) return value;
    const text = JSON.stringify(value);
    const copy: unknown = JSON.parse(text);
    this.#lent.set(key, { value: copy, text });
    return copy;
  }

  keys(): string[] {
    const keys = this.#cleared ? [] : Object.keys(this.#data).filter((key) => this.#pending.get(key)?.type !== "delete");
    for (const [key, { type }] of this.#pending) if (type !== "delete" && !this.#hasLoaded(key)) keys.push(key);
    return keys;
  }

  // Changing

  set(key: string, value: unknown): void {
    this.mustBeOpen(`set ${quoted(key)} in the session`);
    encodeJson(quoted(key), value);
    this.#record(key, { type: "set", value });
  }

  /** Sets all of the values or, when one of them is refused, none. */
  assign(values: Data): void {
    this.mustBeOpen("assign to the session");
    const entries = Object.entries(values);
    for (const [key, value] of entries) encodeJson(quoted(key), value);
    for (const [key, value] of entries) this.#record(key, { type: "set", value });
  }

  delete(key: string): boolean {
    this.mustBeOpen(`delete ${quoted(key)} from the session`);
    const had = this.has(key);
    this.#record(key, deleted);
    return had;
  }

  clear(): void {
    this.mustBeOpen("clear the session");
    this.#cleared = true;
    this.#pending.clear();
    this.#lent.clear();
  }

  increment(key: string, by: number): number {
    this.mustBeOpen(`increment ${quoted(key)} in the session`);
    const sum = increment(key, this.look(key), by);
    this.#recordStep(key, sum, { type: "increment", by });
    return sum;
  }

  update(key: string, change: (value: unknown) => unknown): unknown {
    this.mustBeOpen(`update ${quoted(key)} in the session`);
    const current = this.look(key);
    if (current !== undefined) encodeJson(quoted(key), current);
    const value = change(copyJson(current));
    encodeJson(quoted(key), value);
    this.#recordStep(key, value, { type: "update", change });
    return value;
  }

  #record(key: string, pending: Pending): void {
    this.#pending.set(key, pending);
    this.#lent.delete(key);
  }

  /** A step on what was loaded stays a step, to be taken again on a newer record; on anything else it is its result. */
  #recordStep(key: string, value: unknown, step: Step): void {
    const pending = this.#pending.get(key);
    const changedInside = this.#changedInside(key);
    const steps = pending?.type === "steps" ? pending.steps : [];
    if (this.#cleared || changedInside || (pending !== undefined && pending.type !== "steps")) this.#record(key, { type: "set", value });
    else this.#record(key, { type: "steps", value, text: JSON.stringify(value), steps: [...steps, step] });
  }

  /** Whether a value that was handed out differs from what it was then. */
  #changedInside(key: string): boolean {
    const pending = this.#pending.get(key);
    const handed = pending === undefined ? this.#lent.get(key) : pending.type === "steps" ? pending : undefined;
    return handed !== undefined && encodeJson(quoted(key), handed.value) !== handed.text;
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

  // Ending and committing

  regenerate(owner: string | undefined, keep: ReadonlySet<string> | undefined): void {
    this.mustBeOpen("regenerate the session");
    if (keep !== undefined) {
      const kept = Object.entries(this.#data).filter(([key]) => keep.has(key));
      for (const key of this.keys()) {
        if (keep.has(key)) continue;
        // What this request did is kept as it stands: there is nothing loaded left to take a step on.
        if (this.#pending.has(key) || this.#changedInside(key)) this.#record(key, { type: "set", value: this.look(key) });
        else this.#lent.delete(key);
      }
      this.#data = Object.fromEntries(kept);
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
    const changes = new Map<string, Change>();
    for (const [key, { value }] of this.#lent) {
      if (this.#changedInside(key)) changes.set(key, { type: "set", value: copyJson(value) });
    }
    for (const [key, pending] of this.#pending) {
      const change = this.#change(key, pending);
      if (!this.#isLoaded(key, change)) changes.set(key, change);
    }
    const { added, taken } = this.#flashes;
    const operations = { cleared: this.#cleared, changes, added, taken };
    const idle = changes.size === 0 && !this.#cleared && !this.#flashes.changed && this.#data === base.data;
    const next = idle ? base : this.#next(changes);
    const changed = !idle && !sameContents(base, next);
    // Outdated messages are no reason to save, and are not saved either.
    const flashes = freshFlashes(next.flashes, this.#flashMaxAge, this.#now());
    return { operations, next: changed ? { ...next, flashes } : next, changed, regeneration: this.#regeneration };
  }

  /** Whether a change sets what was there already, which is none: on a newer record it must not undo another's. */
  #isLoaded(key: string, change: Change): boolean {
    return change.type === "set" && this.#hasLoaded(key) && sameValue(change.value, this.#data[key]);
  }

  #change(key: string, pending: Pending): Change {
    if (pending.type === "delete") return { type: "delete" };
    if (pending.type === "steps" && !this.#changedInside(key)) return { type: "steps", steps: pending.steps };
    encodeJson(quoted(key), pending.value);
    return { type: "set", value: copyJson(pending.value) };
  }

  /** The contents as this request sees them; its steps are not taken a second time. */
  #next(changes: ReadonlyMap<string, Change>): Contents {
    const data = new Map(this.#cleared ? [] : Object.entries(this.#data));
    for (const [key, change] of changes) {
      if (change.type === "delete") data.delete(key);
      else data.set(key, change.type === "set" ? change.value : copyJson(this.look(key)));
    }
    return { data: Object.fromEntries(data), flashes: this.#flashes.all };
  }

  /**
   * Leaves a commit to the medium: what is done from here on comes on top of it, and is for the next one. Objects
   * that were handed out or set stay those of the session.
   */
  begin({ next }: Commit): void {
    const values = new Map<string, unknown>();
    for (const [key, { value }] of this.#lent) values.set(key, value);
    for (const [key, { value }] of this.#pending) values.set(key, value);
    this.#reset(next);
    for (const [key, value] of values) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(next.data, key)) continue;
      this.#lent.set(key, { value, text: JSON.stringify(next.data[key]) });
    }
  }

  /** What came of it: the newest record, with what others have changed. */
  committed(stored: StoredSession): void {
    this.#stored = stored;
    this.#base = stored.contents;
    this.#data = stored.contents.data;
    this.#flashes = this.#flashes.onto(stored.contents.flashes);
  }

  /** Starts over with another stored session; nothing of before is left. */
  restart(stored: StoredSession): void {
    this.#stored = stored;
    this.#reset(stored.contents);
  }

  #reset(base: Contents): void {
    this.#base = base;
    this.#data = base.data;
    this.#pending = new Map();
    this.#lent = new Map();
    this.#cleared = false;
    this.#flashes = new PendingFlashes(base.flashes);
    this.#regeneration = undefined;
  }
}
