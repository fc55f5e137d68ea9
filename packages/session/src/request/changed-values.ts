import {
  applyRelative,
  checkValues,
  copyJson,
  encodeJson,
  increment,
  sameValue,
  typeOf,
  type Data,
  type KeyChange,
  type RelativeChange,
} from "../record/contents.ts";

/** What was done to one key, and the resulting value for this request. */
type Pending =
  | { readonly type: "set"; readonly value: unknown }
  | { readonly type: "delete"; readonly value: undefined }
  | { readonly type: "relative"; readonly value: unknown; readonly text: string; readonly inOrder: readonly RelativeChange[] };

/** A value that a handler got, and its JSON at that moment. */
interface HandedOut {
  readonly value: unknown;
  readonly text: string;
}

const none = new Map<string, never>() as ReadonlyMap<string, never>;
const deleted: Pending = Object.freeze({ type: "delete", value: undefined });

/**
 * The values of a session as one request sees them: the loaded values, which are never changed, and the changes of this request. A
 * handler gets copies of objects. They are compared at the commit, so that changes inside them are saved.
 */
export class ChangedValues {
  #data: Data;
  /** Created at the first change, because most requests only read. */
  #pending: Map<string, Pending> | undefined;
  #handedOut: Map<string, HandedOut> | undefined;
  #cleared = false;
  #cached: boolean;

  /** @param cached - Whether the values may be older than those in the backend. */
  constructor(loaded: Data, cached = false) {
    this.#data = loaded;
    this.#cached = cached;
  }

  /** Whether the request has removed all keys that were loaded. */
  get cleared(): boolean {
    return this.#cleared;
  }

  #hasLoaded(key: string): boolean {
    return !this.#cleared && Object.hasOwn(this.#data, key);
  }

  /** The loaded value; `undefined` for a key such as `constructor`, which every object inherits. */
  #loaded(key: string): unknown {
    return this.#hasLoaded(key) ? this.#data[key] : undefined;
  }

  /** The value of a key, for reading only: it is not checked for changes later. */
  peek(key: string): unknown {
    const pending = this.#pending?.get(key);
    if (pending !== undefined) return pending.value;
    if (!this.#hasLoaded(key)) return undefined;
    const handedOut = this.#handedOut?.get(key);
    return handedOut === undefined ? this.#data[key] : handedOut.value;
  }

  has(key: string): boolean {
    const pending = this.#pending?.get(key);
    return pending === undefined ? this.#hasLoaded(key) : pending.type !== "delete";
  }

  get(key: string): unknown {
    const value = this.peek(key);
    if (typeof value !== "object" || value === null || this.#pending?.has(key) || this.#handedOut?.has(key)) return value;
    const text = JSON.stringify(value);
    const copy: unknown = JSON.parse(text);
    (this.#handedOut ??= new Map()).set(key, { value: copy, text });
    return copy;
  }

  keys(): string[] {
    const keys = this.#cleared ? [] : Object.keys(this.#data).filter((key) => this.#pending?.get(key)?.type !== "delete");
    for (const [key, { type }] of this.#pending ?? none) if (type !== "delete" && !this.#hasLoaded(key)) keys.push(key);
    return keys;
  }

  /** @throws TypeError for a value that is not JSON, like the methods below. */
  set(key: string, value: unknown): void {
    encodeJson(key, value);
    this.#record(key, { type: "set", value });
  }

  /** Sets all of the values, or none when one of them is refused. */
  assign(values: Data): void {
    for (const [key, value] of checkValues(values)) this.#record(key, { type: "set", value });
  }

  delete(key: string): boolean {
    const had = this.has(key);
    this.#record(key, deleted);
    return had;
  }

  clear(): void {
    this.#cleared = true;
    this.#pending?.clear();
    this.#handedOut?.clear();
  }

  increment(key: string, by: number): number {
    const sum = increment(key, this.#newest(key), by);
    this.#recordRelative(key, sum, { type: "increment", by });
    return sum;
  }

  update(key: string, change: (value: unknown) => unknown): unknown {
    const current = this.#newest(key);
    if (current !== undefined) encodeJson(key, current);
    const value = change(copyJson(current));
    encodeJson(key, value);
    this.#recordRelative(key, value, { type: "update", change });
    return value;
  }

  /**
   * The value that a relative change begins with. If the handler has changed an object that it got, this is the object. Otherwise
   * it is the loaded value, which may be newer, because other requests may have changed it.
   */
  #newest(key: string): unknown {
    return this.#handedOut?.has(key) && !this.#changedInside(key) ? this.#loaded(key) : this.peek(key);
  }

  #record(key: string, pending: Pending): void {
    // JSON drops a symbol, and to a Map, the number 5 and the string "5" are two keys.
    if (typeof (key as unknown) !== "string") throw new TypeError(`Cannot change the session: a key is ${typeOf(key)}, not a string.`);
    (this.#pending ??= new Map()).set(key, pending);
    this.#handedOut?.delete(key);
  }

  /**
   * Records a relative change. If the value was loaded, the change itself is kept, to be made again on a newer record. Otherwise
   * its result is kept.
   */
  #recordRelative(key: string, value: unknown, change: RelativeChange): void {
    const pending = this.#pending?.get(key);
    const changedInside = this.#changedInside(key);
    const earlier = pending?.type === "relative" ? pending.inOrder : [];
    if (this.#cleared || changedInside || (pending !== undefined && pending.type !== "relative")) this.#record(key, { type: "set", value });
    else this.#record(key, { type: "relative", value, text: JSON.stringify(value), inOrder: [...earlier, change] });
  }

  /** Whether the handler has changed a value that it got. */
  #changedInside(key: string): boolean {
    const pending = this.#pending?.get(key);
    const handed = pending === undefined ? this.#handedOut?.get(key) : pending.type === "relative" ? pending : undefined;
    return handed !== undefined && encodeJson(key, handed.value) !== handed.text;
  }

  /** Removes all loaded keys but these. */
  keepOnly(keep: ReadonlySet<string>): void {
    for (const key of this.keys()) {
      if (keep.has(key)) continue;
      // Changes of this request are kept as values, because a relative change needs a loaded value.
      if (this.#pending?.has(key) || this.#changedInside(key)) this.#record(key, { type: "set", value: this.peek(key) });
      else this.#handedOut?.delete(key);
    }
    this.#data = pick(this.#data, keep);
  }

  /** The changes, by key. @throws TypeError for a value that is not JSON any more. */
  keyChanges(): ReadonlyMap<string, KeyChange> {
    if (this.#handedOut === undefined && this.#pending === undefined) return none;
    const changes = new Map<string, KeyChange>();
    for (const [key, { value }] of this.#handedOut ?? none) {
      if (this.#changedInside(key)) changes.set(key, { type: "set", value: copyJson(value) });
    }
    for (const [key, pending] of this.#pending ?? none) {
      const change = this.#changeOf(key, pending);
      if (!this.#isLoaded(key, change)) changes.set(key, change);
    }
    return changes;
  }

  /**
   * Whether a change sets the value that was loaded. Then there is nothing to save: on a newer record it would undo the change of
   * another request. Always false for values from a cache, because the backend may have newer ones.
   */
  #isLoaded(key: string, change: KeyChange): boolean {
    return !this.#cached && change.type === "set" && this.#hasLoaded(key) && sameValue(change.value, this.#data[key]);
  }

  #changeOf(key: string, pending: Pending): KeyChange {
    if (pending.type === "delete") return { type: "delete" };
    if (pending.type === "relative" && !this.#changedInside(key)) return { type: "relative", inOrder: pending.inOrder };
    encodeJson(key, pending.value);
    return { type: "set", value: copyJson(pending.value) };
  }

  /** The values as this request sees them. Relative changes are not made a second time. */
  next(changes: ReadonlyMap<string, KeyChange>): Data {
    const data: Record<string, unknown> = this.#cleared ? {} : { ...this.#data };
    for (const [key, change] of changes) {
      if (change.type === "delete") delete data[key];
      else put(data, key, change.type === "set" ? change.value : copyJson(this.peek(key)));
    }
    return data;
  }

  /**
   * The values after a commit, which include the changes, so that none are pending. Objects that a handler got or set stay in use.
   *
   * @param next - The committed values.
   */
  afterCommit(next: Data): ChangedValues {
    const fresh = new ChangedValues(next);
    for (const noted of [this.#handedOut, this.#pending]) {
      for (const [key, { value }] of noted ?? none) {
        if (typeof value !== "object" || value === null || !Object.hasOwn(next, key)) continue;
        // The JSON of the object itself, not of the committed value, which another request may have changed.
        (fresh.#handedOut ??= new Map()).set(key, { value, text: JSON.stringify(value) });
      }
    }
    return fresh;
  }

  /** Applies the pending changes to newer values. Only the keys in `keep` are used of these; `undefined` means all. */
  rebase(newer: Data, keep: ReadonlySet<string> | undefined): void {
    this.#data = keep === undefined ? newer : pick(newer, keep);
    this.#cached = false;
    for (const [key, pending] of this.#pending ?? none) {
      if (pending.type === "relative" && !this.#changedInside(key)) this.#changeAgain(key, pending);
    }
  }

  #changeAgain(key: string, pending: Extract<Pending, { readonly type: "relative" }>): void {
    try {
      const value = applyRelative(key, this.#loaded(key), pending.inOrder);
      const text = JSON.stringify(value);
      // If no other request has changed the value, the object that update() returned stays in use.
      if (text !== pending.text) (this.#pending ??= new Map()).set(key, { ...pending, value, text });
    } catch (error) {
      // The value has another type now. The next commit throws the error.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** Sets an own property, even `__proto__`. */
function put(data: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(data, key, { value, configurable: true, enumerable: true, writable: true });
  else data[key] = value;
}

function pick(data: Data, keys: ReadonlySet<string>): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.has(key)));
}
