import type { SessionData, SessionValue, SessionValues } from "../record/session-data.ts";
import { makeFlash, type FlashMessage } from "../record/flash.ts";
import { handled } from "./handled.ts";
import { copyJson } from "../record/json.ts";
import type { SessionState } from "./state.ts";

/** Any key; the declared ones are proposed by editors. */
type KeyOf<Data extends object> = (keyof Data & string) | (string & {});

export interface RegenerateOptions {
  /** Whose session it becomes, such as `user:42`; left out, it stays whose it was. */
  readonly owner?: string | undefined;
  /** Keys that stay of what was loaded; left out, all, messages too. What this request did itself stays in any case. */
  readonly keep?: readonly string[] | undefined;
}

/** The least that a session needs of the request it belongs to. */
export interface SessionHome {
  readonly state: SessionState;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  now(): number;
  /** Whether nobody looks at this answer for certain: a HEAD request or a prefetch. */
  readonly unseen: boolean;
  claim(ids: ReadonlySet<string>): Promise<ReadonlySet<string>>;
  commit(): Promise<void>;
}

/**
 * A dictionary that a visitor keeps between requests. It was loaded when it was asked for, and is saved once,
 * before the head of the response, if it changed; changes inside the objects it holds count.
 *
 * Values are JSON: what would not survive the round trip is refused with a `TypeError` that names the key, when
 * it is set, or at the commit for what was put inside a value later; then nothing is saved. What changes it
 * throws `SessionCommittedError` once the head is written.
 */
export class Session<Data extends object = SessionData> {
  readonly #home: SessionHome;

  constructor(home: SessionHome) {
    this.#home = home;
  }

  /** Whether the visitor brought no valid session. */
  get isNew(): boolean {
    return !this.#home.state.stored.exists;
  }

  /** Whether a commit would have something to save. Compares, at the price of an encoding. */
  get modified(): boolean {
    const { changed, regeneration } = this.#home.state.commit();
    return changed || regeneration !== undefined;
  }

  /** When the session began, or was last regenerated; milliseconds since the Unix epoch. */
  get createdAt(): number {
    return this.#home.state.createdAt;
  }

  /** When the session ends however it is used; milliseconds since the Unix epoch. */
  get expiresAt(): number {
    return this.#home.expiresAt;
  }

  /** Public random name of a server-side session, for lists of an owner's sessions; a cookie session has none. */
  get handle(): string | undefined {
    return this.#home.state.stored.handle;
  }

  get size(): number {
    return this.#home.state.keys().length;
  }

  has(key: KeyOf<Data>): boolean {
    return this.#home.state.has(key);
  }

  /** The key's value, `undefined` when there is none. Changes inside an object are saved. */
  get<Key extends KeyOf<Data>>(key: Key): SessionValue<Data, Key> | undefined {
    return this.#home.state.get(key) as SessionValue<Data, Key> | undefined;
  }

  /** Keeps the value itself: what is changed inside it until the commit is saved. */
  set<Key extends KeyOf<Data>>(key: Key, value: SessionValue<Data, Key>): void {
    this.#home.state.set(key, value);
  }

  /** Whether there was such a key. */
  delete(key: KeyOf<Data>): boolean {
    return this.#home.state.delete(key);
  }

  /** Removes every key. The session stays, empty; `deleteSession` of the store ends it. */
  clear(): void {
    this.#home.state.clear();
  }

  /** The key's value, which is set to `value` first when there is none. */
  setDefault<Key extends KeyOf<Data>>(key: Key, value: SessionValue<Data, Key>): SessionValue<Data, Key> {
    const { state } = this.#home;
    if (!state.has(key)) state.set(key, value);
    return state.get(key) as SessionValue<Data, Key>;
  }

  /** Removes the key and gives its value. */
  pop<Key extends KeyOf<Data>>(key: Key): SessionValue<Data, Key> | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  /** Sets several keys, or none when one of the values is refused. */
  assign<Values extends object>(values: SessionValues<Data, Values>): void {
    this.#home.state.assign(values as Readonly<Record<string, unknown>>);
  }

  /**
   * Sets a key to what `change` makes of its value, and gives that. On a server-side session it may be called
   * again with a newer value, so that no parallel change is lost: it must depend on its argument alone.
   */
  update<Key extends KeyOf<Data>>(
    key: Key,
    change: (value: SessionValue<Data, Key> | undefined) => SessionValue<Data, Key>,
  ): SessionValue<Data, Key> {
    return this.#home.state.update(key, change as (value: unknown) => unknown) as SessionValue<Data, Key>;
  }

  /**
   * Adds to a number, from 0 when there is none, and gives the sum as this request sees it. Steps of parallel requests
   * on a server-side session add up in the end; none of them sees the others', so decide on what was loaded.
   */
  increment(key: KeyOf<Data>, by = 1): number {
    return this.#home.state.increment(key, by);
  }

  keys(): IterableIterator<string> {
    return this.#home.state.keys().values();
  }

  *values(): IterableIterator<unknown> {
    for (const key of this.#home.state.keys()) yield this.#home.state.get(key);
  }

  *entries(): IterableIterator<[string, unknown]> {
    for (const key of this.#home.state.keys()) yield [key, this.#home.state.get(key)];
  }

  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return this.entries();
  }

  /** A copy of all values, its own from then on. */
  toJSON(): Record<string, unknown> {
    const { state } = this.#home;
    return Object.fromEntries(state.keys().map((key) => [key, copyJson(state.look(key))]));
  }

  /** Adds a message for the page that reads it next; of more than 20 the oldest go. `message` may be any JSON. */
  flash(message: unknown, level = "info"): void {
    if (typeof (level as unknown) !== "string") throw new TypeError(`Cannot flash a message: its level is a ${typeof level}, not a text.`);
    this.#home.state.addFlash(makeFlash(message, level, this.#home.now()));
  }

  /** The messages, which stay. */
  peekFlashes<Message = string>(): FlashMessage<Message>[] {
    return this.#home.state.flashes.map(({ message, level }) => ({ message: copyJson(message) as Message, level }));
  }

  /**
   * Takes the messages out, so that each is shown once. An unexpected error puts them back; a HEAD request and a
   * prefetch leave them.
   *
   * @param levels - Only messages of these levels; left out, all.
   */
  getFlashes<Message = string>(levels?: readonly string[]): Promise<FlashMessage<Message>[]> {
    return handled(this.#takeFlashes<Message>(levels));
  }

  async #takeFlashes<Message>(levels: readonly string[] | undefined): Promise<FlashMessage<Message>[]> {
    const { state, unseen } = this.#home;
    const found = state.flashes.filter(({ level }) => levels === undefined || levels.includes(level));
    if (found.length === 0) return [];
    const ids = new Set(found.map(({ id }) => id));
    if (!unseen) state.mustBeOpen("take flash messages");
    const shown = unseen ? ids : await this.#home.claim(ids);
    return found.filter(({ id }) => shown.has(id)).map(({ message, level }) => ({ message: copyJson(message) as Message, level }));
  }

  /**
   * Gives the session a new identity and a new beginning: to be called whenever somebody's rights change, above
   * all after a log-in. It happens at the commit; an unexpected error drops it.
   */
  regenerate({ owner, keep }: RegenerateOptions = {}): void {
    if (owner !== undefined && (typeof (owner as unknown) !== "string" || owner === "")) {
      throw new TypeError("Cannot regenerate the session: its owner must be a text that is not empty, such as `user:${id}`.");
    }
    this.#home.state.regenerate(owner, keep === undefined ? undefined : new Set(keep));
  }

  /** Saves now what there is to save; what follows is saved at the usual time. */
  commit(): Promise<void> {
    return handled(this.#home.commit());
  }
}
