import { inspect, types } from "node:util";
import { cut } from "../context/error-text.ts";

/** Names whose values are not shown. */
const secret =
  /pass(?:word|phrase|wd)?$|^pass|pwd|token|secret|api-?_?key|authorization|cookie|credential|csrf|otp$|sess(?:ion)?(?:[-_]?(?:id|key))?$|signature|^(?:code|key|si[dg])$/i;
const mask = "••••••";

const deepest = 4;
const mostMembers = 50;
/** The most characters of a value as text. */
const longestText = 2000;

/** A value as text for people, without the values of secrets. Never throws; deep, long and many values are cut. */
function shownValue(value: unknown): string {
  try {
    const text = typeof value === "string" ? value : inspect(masked(value, 0), { depth: deepest, breakLength: 80, maxStringLength: 500 });
    return shownText(text);
  } catch {
    return "(a value that cannot be converted to text)";
  }
}

/** The value of a name as text; a secret is masked. */
export function shownMember(name: string, value: unknown): string {
  return value === undefined ? "" : secret.test(name) ? mask : shownValue(value);
}

/** The query of a request, without the values of secrets. */
export function shownQuery(search: string): string {
  return shownText(
    search.replace(/([?&])([^=&]*)=([^&]*)/g, (whole, sign: string, name: string) =>
      // The name is decoded, as the application reads it.
      secret.test([...new URLSearchParams(name).keys()][0] ?? "") ? `${sign}${name}=${mask}` : whole,
    ),
  );
}

/** A text, cut if it is long. */
export function shownText(text: string): string {
  return cut(text, longestText);
}

/** A copy of plain objects and arrays in which secrets are masked. Other objects are left to `inspect`, which does not call accessors. */
function masked(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return value;
  if (depth > deepest) return Array.isArray(value) ? "[…]" : "{…}";
  if (Array.isArray(value)) {
    const items = value.slice(0, mostMembers).map((each: unknown) => masked(each, depth + 1));
    return value.length > mostMembers ? [...items, `… ${value.length - mostMembers} more`] : items;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const members = Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([, { enumerable }]) => enumerable);
  const shown = members
    .slice(0, mostMembers)
    .map(([name, each]) => [name, secret.test(name) ? mask : "value" in each ? masked(each.value, depth + 1) : "(accessor)"] as const);
  if (members.length > mostMembers) shown.push(["…", `${members.length - mostMembers} more`]);
  return Object.fromEntries(shown);
}
