import { mostFlashes, type Flash } from "./flash.ts";
import { copyJson, encodeJson } from "./json.ts";

/** A session's values by key: own properties only, so that `__proto__` is a key like any other. */
export type Data = Readonly<Record<string, unknown>>;

/** What a session holds. */
export interface Contents {
  readonly data: Data;
  readonly flashes: readonly Flash[];
}

export const noContents: Contents = Object.freeze({ data: Object.freeze({}), flashes: Object.freeze([]) });

/** A change that depends on the value it finds. */
export type Step =
  | { readonly type: "increment"; readonly by: number }
  | { readonly type: "update"; readonly change: (value: unknown) => unknown };

/** What a request did to one key. */
export type Change =
  | { readonly type: "set"; readonly value: unknown }
  | { readonly type: "delete" }
  | { readonly type: "steps"; readonly steps: readonly Step[] };

/**
 * What a request did to a session, to be done again on a newer record than the one it saw. Of several changes to
 * one key the last counts, except that steps add up.
 */
export interface Operations {
  /** Whether the keys present are dropped before the changes. */
  readonly cleared: boolean;
  readonly changes: ReadonlyMap<string, Change>;
  readonly added: readonly Flash[];
  /** Ids of messages that were shown. */
  readonly taken: ReadonlySet<string>;
}

/** How a key is named in messages. */
export const quoted = (key: string) => JSON.stringify(key);

/** @throws TypeError for a value that is there and no number, or a sum that is none. */
export function increment(key: string, value: unknown, by: number): number {
  const number = value === undefined ? 0 : value;
  if (typeof number !== "number") {
    throw new TypeError(
      `Cannot increment ${quoted(key)} in the session: its value is a ${value === null ? "null" : typeof value}, not a number.`,
    );
  }
  const sum = number + by;
  if (!Number.isFinite(sum)) throw new TypeError(`Cannot increment ${quoted(key)} in the session: the sum is no finite number.`);
  return sum;
}

function step(key: string, value: unknown, next: Step): unknown {
  if (next.type === "increment") return increment(key, value, next.by);
  const changed = next.change(copyJson(value));
  encodeJson(key, changed);
  return changed;
}

/** @throws TypeError for a step that the value does not allow. */
export function takeSteps(key: string, value: unknown, steps: readonly Step[]): unknown {
  return steps.reduce((current: unknown, next) => step(key, current, next), value);
}

/**
 * A record's contents after the operations; neither is changed.
 *
 * @throws TypeError for a step that its key's value does not allow.
 */
export function apply(operations: Operations, contents: Contents): Contents {
  const data = new Map(operations.cleared ? [] : Object.entries(contents.data));
  for (const [key, change] of operations.changes) {
    if (change.type === "delete") data.delete(key);
    else if (change.type === "set") data.set(key, change.value);
    else data.set(key, takeSteps(key, data.get(key), change.steps));
  }
  return { data: Object.fromEntries(data), flashes: applyFlashes(operations, contents.flashes) };
}

/** The messages after the operations, the newest {@link mostFlashes} of them. */
export function applyFlashes({ added, taken }: Pick<Operations, "added" | "taken">, flashes: readonly Flash[]): readonly Flash[] {
  if (added.length === 0 && taken.size === 0 && flashes.length <= mostFlashes) return flashes;
  return [...flashes.filter(({ id }) => !taken.has(id)), ...added].slice(-mostFlashes);
}

/** Whether two records hold the same: by their JSON key by key, and by the ids of their messages. */
export function sameContents(one: Contents, other: Contents): boolean {
  const keys = Object.keys(one.data);
  return (
    keys.length === Object.keys(other.data).length &&
    keys.every((key) => Object.hasOwn(other.data, key) && sameValue(one.data[key], other.data[key])) &&
    one.flashes.length === other.flashes.length &&
    one.flashes.every(({ id }, i) => id === other.flashes[i]!.id)
  );
}

/** Whether two values have the same JSON. */
export function sameValue(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}
