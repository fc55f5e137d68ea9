import { ConfigError, type Form, type FormOf, type KeptForm, type StandardSchema } from "@mini/core/base";
import { copyJson, typeOf, type Flash, type FlashMessage } from "../record/contents.ts";
import type { SessionData, SessionValue, SessionValues } from "../record/session-data.ts";
import { checkForm, longestForm, shortened } from "./changed-flashes.ts";
import type { ChangedValues } from "./changed-values.ts";
import { refuseProperties } from "./refused-properties.ts";
import type { OpenSessionLike } from "./shared-sessions.ts";

/** Any key; editors propose the declared ones. */
type KeyOf<Data extends object> = (keyof Data & string) | (string & {});

export interface RegenerateOptions {
  /** The new owner of the session, such as `user:42`. Left out, the owner does not change. */
  readonly owner?: string | undefined;
  /** The loaded keys to keep. Left out, all keys and the messages are kept. Changes of this request are always kept. */
  readonly keep?: readonly string[] | undefined;
}

export interface KeptFormOptions<Schema extends StandardSchema> {
  /** The values of the fields if no form was kept, as for `Form.of()`. */
  readonly initial?: Parameters<typeof Form.of<Schema>>[1];
  /** The name that the form was kept under. Default `""`. */
  readonly name?: string | undefined;
}

/**
 * A dictionary of a visitor's values, which are kept between requests. It is loaded at its first use. If it has changed, it is
 * saved once, before the head of the response. Changes inside its objects are saved too.
 *
 * Values are JSON. A value that JSON cannot represent is refused with a `TypeError` that names the key: when it
 * is set, or at the commit if the value was changed later; then nothing is saved. Methods that change the session throw
 * `SessionCommittedError` once the head is written.
 */
export class Session<Data extends object = SessionData> {
  static {
    refuseProperties(this.prototype, "session");
  }

  readonly #opened: OpenSessionLike;

  constructor(opened: OpenSessionLike) {
    this.#opened = opened;
  }

  /** Whether the visitor did not send a valid session. */
  get isNew(): boolean {
    return !this.#opened.kept.exists;
  }

  /** Whether a commit would save something. Encodes and compares the values, which takes time. */
  get modified(): boolean {
    return this.#opened.modified;
  }

  /** When the session began, or was last regenerated; milliseconds since the Unix epoch. */
  get createdAt(): number {
    return this.#opened.createdAt;
  }

  /** The time at which the session ends, even if it is in use; milliseconds since the Unix epoch. */
  get expiresAt(): number {
    return this.#opened.expiresAt;
  }

  /** The owner, as passed to {@link regenerate}; `undefined`: none. */
  get owner(): string | undefined {
    return this.#opened.owner;
  }

  /**
   * The time of the last `regenerate({ owner })`, at which the owner logged in, in milliseconds since the Unix epoch. `undefined`
   * when there was none. `requireFresh` uses it.
   */
  get authenticatedAt(): number | undefined {
    return this.#opened.authenticatedAt;
  }

  /** Public random name of a session in a backend, for lists of an owner's sessions; a session in a cookie has none. */
  get handle(): string | undefined {
    return this.#opened.kept.handle;
  }

  get size(): number {
    return this.#opened.values.keys().length;
  }

  has(key: KeyOf<Data>): boolean {
    return this.#opened.values.has(key);
  }

  /** The value of the key; `undefined` when there is none. Changes inside an object are saved. */
  get<Key extends KeyOf<Data>>(key: Key): SessionValue<Data, Key> | undefined {
    return this.#opened.values.get(key) as SessionValue<Data, Key> | undefined;
  }

  /** Keeps the value itself: changes inside it until the commit are saved. */
  set<Key extends KeyOf<Data>>(key: Key, value: SessionValue<Data, Key>): void {
    this.#toChange("set", key).set(key, value);
  }

  /** Removes the key; `false` if there was none. */
  delete(key: KeyOf<Data>): boolean {
    return this.#toChange("delete", key).delete(key);
  }

  /** Removes every key. The session stays, empty; `deleteSession` of the store ends it. */
  clear(): void {
    this.#toChange("clear the session").clear();
  }

  /** The value of the key. If there is none, the key is set to `value` first. */
  setDefault<Key extends KeyOf<Data>>(key: Key, value: SessionValue<Data, Key>): SessionValue<Data, Key> {
    if (!this.has(key)) this.set(key, value);
    return this.get(key) as SessionValue<Data, Key>;
  }

  /** Removes the key and returns its value. */
  pop<Key extends KeyOf<Data>>(key: Key): SessionValue<Data, Key> | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  /** Sets several keys, or none when one of the values is refused. */
  assign<Values extends object>(values: SessionValues<Data, Values>): void {
    this.#toChange("assign to the session").assign(values as Readonly<Record<string, unknown>>);
  }

  /**
   * Sets a key to the result of `change` with its value, and returns the result. On a session in a backend, `change` may be
   * called again with a newer value, so that no parallel change is lost. So it must depend only on its argument.
   */
  update<Key extends KeyOf<Data>>(
    key: Key,
    change: (value: SessionValue<Data, Key> | undefined) => SessionValue<Data, Key>,
  ): SessionValue<Data, Key> {
    return this.#toChange("update", key).update(key, change as (value: unknown) => unknown) as SessionValue<Data, Key>;
  }

  /**
   * Adds to a number, or to 0 if there is none, and returns the sum as this request sees it. On a session in a backend, the
   * increments of parallel requests add up in the end. But a request does not see the increments of others, so do
   * not make decisions based on the sum.
   */
  increment(key: KeyOf<Data>, by = 1): number {
    return this.#toChange("increment", key).increment(key, by);
  }

  keys(): IterableIterator<string> {
    return this.#opened.values.keys().values();
  }

  *values(): IterableIterator<unknown> {
    for (const key of this.#opened.values.keys()) yield this.#opened.values.get(key);
  }

  *entries(): IterableIterator<[string, unknown]> {
    for (const key of this.#opened.values.keys()) yield [key, this.#opened.values.get(key)];
  }

  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return this.entries();
  }

  /** A copy of all values, which shares nothing with the session. */
  toJSON(): Record<string, unknown> {
    const { values } = this.#opened;
    return Object.fromEntries(values.keys().map((key) => [key, copyJson(values.peek(key))]));
  }

  /**
   * Adds a message for the next page that reads messages. A session keeps the newest 20. An unexpected error drops messages that
   * were added before it, and keeps those that its error handler adds.
   *
   * @param message - Any JSON.
   */
  flash(message: unknown, level = "info"): void {
    if (typeof (level as unknown) !== "string") {
      throw new TypeError(`Cannot flash a message: its level must be a string, not ${typeOf(level)}.`);
    }
    this.#opened.mustBeOpen("flash a message");
    this.#opened.addFlash({ message, level });
  }

  /** The messages, without taking them out. */
  peekFlashes<Message = string>(): FlashMessage<Message>[] {
    return this.#opened
      .freshFlashes()
      .filter(isMessage)
      .map(shownMessage<Message>);
  }

  /**
   * Takes the messages out, so that each is shown once; the response is `no-store` then. An unexpected error puts them back, and so does
   * a client that disconnects before its response. A HEAD request and a prefetch get no messages, and leave them in the session.
   *
   * @param levels - Only messages of these levels; left out, all.
   */
  getFlashes<Message = string>(levels?: readonly string[]): Promise<FlashMessage<Message>[]> {
    return markHandled(this.#takeFlashes<Message>(levels));
  }

  async #takeFlashes<Message>(levels: readonly string[] | undefined): Promise<FlashMessage<Message>[]> {
    const isWanted = (flash: Flash) => isMessage(flash) && (levels === undefined || levels.includes(flash.level));
    return (await this.#opened.takeFlashes(isWanted)).map(shownMessage<Message>);
  }

  /**
   * Keeps a refused form for the page that the visitor is redirected to: its texts and problems, without secret fields and files.
   * If it is too large, the longest texts are left out, and their fields have a problem that says so. A form replaces the last form
   * with the same name.
   *
   * @param name - Distinguishes several forms that are kept at the same time.
   */
  keepForm(form: { toJSON(): KeptForm }, name = ""): void {
    const { flashes, kept } = this.#opened;
    this.#opened.mustBeOpen("keep a form");
    const others = flashes.all.filter((flash) => !isFormOf(flash, name));
    const used = Buffer.byteLength(JSON.stringify([this.toJSON(), others]));
    const short = shortened(checkForm(form.toJSON(), name), Math.min(longestForm, kept.mostBytes - used));
    const replaced = flashes.all.filter((flash) => isFormOf(flash, name));
    this.#opened.addFlash({ message: short, level: name, isForm: true });
    flashes.take(new Set(replaced.map(({ id }) => id)));
  }

  /**
   * Takes out the form that `keepForm` has kept, so that it is shown once, by the rules of {@link Session.getFlashes}. If there is
   * none, returns a form that was not sent.
   */
  keptForm<Schema extends StandardSchema>(schema?: Schema, options: KeptFormOptions<Schema> = {}): Promise<FormOf<Schema>> {
    return markHandled(this.#takeForm(schema, options));
  }

  async #takeForm<Schema extends StandardSchema>(schema: Schema | undefined, options: KeptFormOptions<Schema>): Promise<FormOf<Schema>> {
    const { initial, name = "" } = options;
    const kept = (await this.#opened.takeFlashes((flash) => isFormOf(flash, name))).at(-1);
    const { forms } = this.#opened;
    if (forms === undefined) {
      throw new ConfigError(
        "Cannot show a kept form: an adapter that was made with settings does not load forms. Pass it a Sessions object.",
      );
    }
    return kept === undefined ? forms.of(schema, initial) : (forms.from(kept.message as KeptForm) as FormOf<Schema>);
  }

  /**
   * Gives the session a new id and a new `createdAt`. Call it whenever a visitor's rights change, above all after a log-in. The
   * change is made at the commit; an unexpected error drops it.
   */
  regenerate(options: RegenerateOptions = {}): void {
    const { owner, keep, ...others } = (options as RegenerateOptions | null) ?? {};
    const refusal = (problem: string) => new TypeError(`Cannot regenerate the session: ${problem}.`);
    if (Object(options) !== options || Object.keys(others).length > 0) {
      throw refusal("its options must be an object, with owner and keep and no others");
    }
    if (owner !== undefined && (typeof (owner as unknown) !== "string" || owner === "")) {
      throw refusal("its owner must be a string that is not empty, such as `user:${id}`");
    }
    if (keep !== undefined && !(Array.isArray(keep) && keep.every((key) => typeof (key as unknown) === "string"))) {
      throw refusal('keep must be an array of keys, such as ["cart"]');
    }
    this.#opened.regenerate(owner, keep === undefined ? undefined : new Set(keep));
  }

  /** Saves the changes now. Later changes are saved at the usual time. */
  commit(): Promise<void> {
    return markHandled(this.#opened.commit());
  }

  /** The values, to change them. @throws SessionCommittedError */
  #toChange(doing: string, key?: string): ChangedValues {
    this.#opened.mustBeOpen(doing, key);
    return this.#opened.values;
  }
}

const isMessage = ({ isForm }: Flash) => isForm !== true;
const shownMessage = <Message>({ message, level }: Flash): FlashMessage<Message> => ({ message: copyJson(message) as Message, level });
const isFormOf = ({ isForm, level }: Flash, name: string) => isForm === true && level === name;

/**
 * Marks a promise as handled, so that its rejection does not end the process if the handler does not await it. The response reports
 * the failure anyway, and a handler that does await it still gets the error.
 */
export function markHandled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}
