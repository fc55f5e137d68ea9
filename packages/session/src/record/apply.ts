import { applyFlashes, applyRelative, type Contents, type Operations } from "./contents.ts";

/**
 * The contents after the operations. Neither argument is changed.
 *
 * @throws TypeError for a relative change that its value does not allow.
 */
export function apply(operations: Operations, contents: Contents): Contents {
  const data = new Map(operations.cleared ? [] : Object.entries(contents.data));
  for (const [key, change] of operations.keyChanges) {
    if (change.type === "delete") data.delete(key);
    else if (change.type === "set") data.set(key, change.value);
    else data.set(key, applyRelative(key, data.get(key), change.inOrder));
  }
  return { data: Object.fromEntries(data), flashes: applyFlashes(operations, contents.flashes) };
}
