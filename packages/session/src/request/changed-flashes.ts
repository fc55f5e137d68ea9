import type { KeptForm } from "@mini/core/base";
import { applyFlashes, copyJson, encodeJson, type Flash } from "../record/contents.ts";

export const noIds: ReadonlySet<string> = new Set();

/** The messages of a session as one request sees them: the loaded messages, with the changes of this request. */
export class ChangedFlashes {
  readonly #loaded: readonly Flash[];
  #added: readonly Flash[] = [];
  #taken: ReadonlySet<string> = noIds;
  /** Ids of the added messages that are kept although the request has failed. */
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
   * @param isLate - Whether the request has already failed, so that the message is about the error.
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

  /** A copy in which the changes of this request are applied to the messages of a newer record. */
  rebased(loaded: readonly Flash[]): ChangedFlashes {
    const other = new ChangedFlashes(loaded);
    other.#added = this.#added;
    other.#late = this.#late;
    other.take(this.#taken);
    return other;
  }

  /** Puts the loaded messages back into the session, because they were not shown. */
  putBack(): void {
    this.#taken = noIds;
  }

  /** Drops everything that was done before the request failed. Returns whether messages remain. */
  keepLate(): boolean {
    this.#added = this.#added.filter(({ id }) => this.#late.has(id));
    this.#taken = noIds;
    return this.#added.length > 0;
  }
}

/** The most bytes of a form that is kept. */
export const longestForm = 16 * 1024;

/** The problem of a field whose text was left out, so that the visitor does not lose it without notice. */
const leftOut = "This text was too long to be kept. Enter it again.";
/** Bytes that are reserved for the problems of the first fields that were left out. */
const forLeftOut = 500;

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) + 1;

/** @throws TypeError for what could not be shown again, or not be found under its name. */
export function checkForm(form: KeptForm, name: string): KeptForm {
  if (typeof (name as unknown) !== "string") throw new TypeError("Cannot keep a form: its name must be a string.");
  const { fields, problems } = ((form as unknown) ?? {}) as { readonly fields?: unknown; readonly problems?: unknown };
  if ([fields, problems].every((entries) => Array.isArray(entries) && entries.every(isTextPair))) return form;
  throw new TypeError("Cannot keep a form: its toJSON() must return { fields, problems }, each a list of pairs of strings.");
}

const isTextPair = (entry: unknown) => Array.isArray(entry) && entry.length === 2 && entry.every((text) => typeof text === "string");

/** The form, with at most this many bytes of JSON. The longest texts are left out, and the last problems if there are very many. */
export function shortened(form: KeptForm, most: number): KeptForm {
  if (bytesOf(form) <= most) return form;
  let left = most - forLeftOut;
  const fits = (entry: readonly [string, string], reserve: number) => {
    const bytes = bytesOf(entry);
    if (bytes > left - reserve) return false;
    left -= bytes;
    return true;
  };
  const problems = form.problems.filter((entry) => fits(entry, most / 2));
  const kept = new Set(form.fields.toSorted(([, one], [, other]) => one.length - other.length).filter((entry) => fits(entry, 0)));
  const lost = new Set(form.fields.flatMap((entry) => (kept.has(entry) || entry[0].length > 100 ? [] : [entry[0]])));
  // The rest is for the JSON around the entries.
  let reserved = forLeftOut - 50;
  for (const name of lost) {
    const entry = [name, leftOut] as const;
    reserved -= bytesOf(entry);
    if (reserved < 0 || left < 0) break;
    problems.push(entry);
  }
  return { fields: form.fields.filter((entry) => kept.has(entry)), problems };
}
