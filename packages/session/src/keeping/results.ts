import { classOf } from "../record/contents.ts";

// Errors for results of a backend that are not of the types that `SessionBackend` names. The results are not shown, because they may
// be secret.

/** @param call - Such as `swap`, or `owners.keys`. */
export function wrongResult(call: string, expected: string, result: unknown): TypeError {
  return new TypeError(`the backend's ${call}() has returned ${kindOf(result)} instead of ${expected}`);
}

/** Why something from a backend cannot be read as a record. */
export function whyUnreadable(call: string, stored: unknown): string {
  const record = `the record from the backend's ${call}()`;
  if (typeof stored !== "object" || stored === null) return `${record} is ${kindOf(stored)} instead of an object`;
  const { data } = stored as { readonly data?: unknown };
  if (!(data instanceof Uint8Array)) return `the data of ${record} is ${kindOf(data)} instead of a Uint8Array`;
  return "this version of @mini/session cannot read its record";
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = classOf(value);
  return name === "Object" ? "an object" : `an object of the class ${name}`;
}
