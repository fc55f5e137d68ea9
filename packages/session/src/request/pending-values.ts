import { copyJson, encodeJson } from "../record/json.ts";
import { increment, sameValue, takeSteps, type Change, type Data, type Step } from "../record/operations.ts";

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

const none = new Map<string, never>() as ReadonlyMap<string, never>;
const deleted: Pending = Object.freeze({ type: "delete", value: undefined });

/**
 * A session's values as one request sees them: those that were loaded, never changed, and over them what this request
 * did. Objects are handed out as copies, and looked at again when it matters, so that changes inside them count.
 */
export class PendingValues {
  #data: Data;
  /** Made when there is something to note: most requests only read. */
  #pending: Map<string, Pending> | undefined;
  #lent: Map<string, Lent> | undefined;
  #cleared = false;
  #cached: boolean;

  /** @param cached - Whether the values may be older than what is kept. */
  constructor(loaded: Data, cached = false) {
    this.#data = loaded;
    this.#cached = cached;
  }

  /** Whether the keys that were loaded are dropped. */
  get cleared(): boolean {
    return this.#cleared;
  }

  #hasLoaded(key: string): boolean {
    return !this.#cleared && Object.hasOwn(this.#data, key);
  }

  /** The value that was loaded: of a key's own, for every object has something by names such as `constructor`. */
  #loaded(key: string): unknown {
    return this.#hasLoaded(key) ? this.#data[key] : undefined;
  }

  /** A key's value without handing it out, so only to look at. */
  look(key: string): unknown {
    const pending = this.#pending?.get(key);
    if (pending !== undefined) return pending.value;
    if (!this.#hasLoaded(key)) return undefined;
    const lent = this.#lent?.get(key);
    return lent === undefined ? this.#data[key] : lent.value;
  }

  has(key: string): boolean {
    const pending = this.#pending?.get(key);
    return pending === undefined ? this.#hasLoaded(key) : pending.type !== "delete";
  }

  get(key: string): unknown {
    const value = this.look(key);
    if (typeof value !== "object" || value === null || this.#pending?.has(key) || this.#lent?.has(key)) return value;
    const text = JSON.stringify(value);
    const copy: unknown = JSON.parse(text);
    (this.#lent ??= new Map()).set(key, { value: copy, text });
    return copy;
  }

  keys(): string[] {
    const keys = this.#cleared ? [] : Object.keys(this.#data).filter((key) => this.#pending?.get(key)?.type !== "delete");
    for (const [key, { type }] of this.#pending ?? none) if (type !== "delete" && !this.#hasLoaded(key)) keys.push(key);
    return keys;
  }

  /** @throws TypeError for a value that is no JSON, as the methods below. */
  set(key: string, value: unknown): void {
    encodeJson(key, value);
    this.#record(key, { type: "set", value });
  }

  /** Sets all of the values or, when one of them is refused, none. */
  assign(values: Data): void {
    const entries = Object.entries(values);
    for (const [key, value] of entries) encodeJson(key, value);
    for (const [key, value] of entries) this.#record(key, { type: "set", value });
  }

  delete(key: string): boolean {
    const had = this.has(key);
    this.#record(key, deleted);
    return had;
  }

  clear(): void {
    this.#cleared = true;
    this.#pending?.clear();
    this.#lent?.clear();
  }

  increment(key: string, by: number): number {
    const sum = increment(key, this.#newest(key), by);
    this.#recordStep(key, sum, { type: "increment", by });
    return sum;
  }

  update(key: string, change: (value: unknown) => unknown): unknown {
    const current = this.#newest(key);
    if (current !== undefined) encodeJson(key, current);
    const value = change(copyJson(current));
    encodeJson(key, value);
    this.#recordStep(key, value, { type: "update", change });
    return value;
  }

  /** What a step starts from: an object that was handed out only where it was changed since, for others may have changed the rest. */
  #newest(key: string): unknown {
    return this.#lent?.has(key) && !this.#changedInside(key) ? this.#loaded(key) : this.look(key);
  }

  #record(key: string, pending: Pending): void {
    (this.#pending ??= new Map()).set(key, pending);
    this.#lent?.delete(key);
  }

  /** A step on what was loaded stays a step, to be taken again on a newer record; on anything else it is its result. */
  #recordStep(key: string, value: unknown, step: Step): void {
    const pending = this.#pending?.get(key);
    const changedInside = this.#changedInside(key);
    const steps = pending?.type === "steps" ? pending.steps : [];
    if (this.#cleared || changedInside || (pending !== undefined && pending.type !== "steps")) this.#record(key, { type: "set", value });
    else this.#record(key, { type: "steps", value, text: JSON.stringify(value), steps: [...steps, step] });
  }

  /** Whether a value that was handed out differs from what it was then. */
  #changedInside(key: string): boolean {
    const pending = this.#pending?.get(key);
    const handed = pending === undefined ? this.#lent?.get(key) : pending.type === "steps" ? pending : undefined;
    return handed !== undefined && encodeJson(key, handed.value) !== handed.text;
  }

  /** Drops what was loaded but for some keys. */
  keepOnly(keep: ReadonlySet<string>): void {
    for (const key of this.keys()) {
      if (keep.has(key)) continue;
      // What this request did is kept as it stands: there is nothing loaded left to take a step on.
      if (this.#pending?.has(key) || this.#changedInside(key)) this.#record(key, { type: "set", value: this.look(key) });
      else this.#lent?.delete(key);
    }
    this.#data = pick(this.#data, keep);
  }

  /** What was done, by key. @throws TypeError for a value that was made unfit for JSON after it was handed out. */
  changes(): ReadonlyMap<string, Change> {
    if (this.#lent === undefined && this.#pending === undefined) return none;
    const changes = new Map<string, Change>();
    for (const [key, { value }] of this.#lent ?? none) {
      if (this.#changedInside(key)) changes.set(key, { type: "set", value: copyJson(value) });
    }
    for (const [key, pending] of this.#pending ?? none) {
      const change = this.#change(key, pending);
      if (!this.#isLoaded(key, change)) changes.set(key, change);
    }
    return changes;
  }

  /** Whether a change sets what was there already, which is none: on a newer record it must not undo another's. What a cache has may not be there. */
  #isLoaded(key: string, change: Change): boolean {
    return !this.#cached && change.type === "set" && this.#hasLoaded(key) && sameValue(change.value, this.#data[key]);
  }

  #change(key: string, pending: Pending): Change {
    if (pending.type === "delete") return { type: "delete" };
    if (pending.type === "steps" && !this.#changedInside(key)) return { type: "steps", steps: pending.steps };
    encodeJson(key, pending.value);
    return { type: "set", value: copyJson(pending.value) };
  }

  /** The values as this request sees them; its steps are not taken a second time. */
  next(changes: ReadonlyMap<string, Change>): Data {
    const data: Record<string, unknown> = this.#cleared ? {} : { ...this.#data };
    for (const [key, change] of changes) {
      if (change.type === "delete") delete data[key];
      else put(data, key, change.type === "set" ? change.value : copyJson(this.look(key)));
    }
    return data;
  }

  /** The same with nothing done yet, on values that have all of it; objects that were handed out or set stay in use. */
  onto(next: Data): PendingValues {
    const fresh = new PendingValues(next);
    for (const noted of [this.#lent, this.#pending]) {
      for (const [key, { value }] of noted ?? none) {
        if (typeof value !== "object" || value === null || !Object.hasOwn(next, key)) continue;
        // As it is, and not as it is in what is committed: there another may have changed it.
        (fresh.#lent ??= new Map()).set(key, { value, text: JSON.stringify(value) });
      }
    }
    return fresh;
  }

  /** What was done is done on newer values from here on; of them only `keep` counts, when it is there. */
  rebase(newer: Data, keep: ReadonlySet<string> | undefined): void {
    this.#data = keep === undefined ? newer : pick(newer, keep);
    this.#cached = false;
    for (const [key, pending] of this.#pending ?? none) {
      if (pending.type === "steps" && !this.#changedInside(key)) this.#stepAgain(key, pending);
    }
  }

  #stepAgain(key: string, pending: Extract<Pending, { readonly type: "steps" }>): void {
    try {
      const value = takeSteps(key, this.#loaded(key), pending.steps);
      const text = JSON.stringify(value);
      // Where nobody else has changed it, the object that update() gave stays in use.
      if (text !== pending.text) (this.#pending ??= new Map()).set(key, { ...pending, value, text });
    } catch (error) {
      // The value is of another type now, which is for the next commit to say.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** Sets an own property, `__proto__` too. */
function put(data: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(data, key, { value, configurable: true, enumerable: true, writable: true });
  else data[key] = value;
}

function pick(data: Data, keys: ReadonlySet<string>): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.has(key)));
}
