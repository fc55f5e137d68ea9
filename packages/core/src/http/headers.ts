const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether text is a token: the name of a header or a cookie, or an HTTP method. RFC 9110 §5.6.2. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** Whether text can be the value of a header, or the status text of a response. RFC 9110 §5.5. */
export function isFieldValue(text: string): boolean {
  return fieldValue.test(text);
}

/**
 * A part of a text without the whitespace around it.
 *
 * @param isSpace - Which characters count as whitespace; `trim()` removes more, even control characters.
 */
export function trimPart(text: string, from: number, to: number, isSpace: (code: number) => boolean): string {
  // A regular expression for whitespace at the end would take quadratic time.
  let [start, end] = [from, to];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * Refuses a header that must not be sent. The value is not repeated in the message.
 *
 * @throws TypeError naming the header.
 */
export function checkHeader(name: string, value: string): void {
  if (!isToken(name)) throw new TypeError(`A response header cannot have the name ${JSON.stringify(name)}.`);
  if (!isFieldValue(value)) {
    throw new TypeError(`The response header "${name}" has a character that no header can have, such as a line break.`);
  }
}

/**
 * The items of a list in a header, RFC 9110 §5.6.1: without the whitespace around them and without empty ones. A comma in a quoted string
 * does not end an item.
 */
export function listItems(value: string | null | undefined): readonly string[] {
  if (!value) return [];
  // Each alternative consumes at least one character that no other one can, so it takes linear time.
  const items = value.includes('"') ? (value.match(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/gs) ?? []) : value.split(",");
  return items.map((item) => trimPart(item, 0, item.length, isBlank)).filter((item) => item !== "");
}

/** Optional whitespace, RFC 9110 §5.6.3. */
export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** A value of `Vary` with more names. Each is listed once, as it was spelled first. RFC 9110 §12.5.5. */
export function mergeVary(present: string | null | undefined, added: readonly string[]): string {
  const names = new Map<string, string>();
  for (const each of [...listItems(present), ...added]) if (!names.has(each.toLowerCase())) names.set(each.toLowerCase(), each);
  return names.has("*") ? "*" : [...names.values()].join(", ");
}

/** The headers with more names in `Vary`. */
export function withVary(flat: FlatHeaders, added: readonly string[]): FlatHeaders {
  return [...without(flat, "vary"), "vary", mergeVary(flatValue(flat, "vary"), added)];
}

/** Alternating names in lower case and values: the form that `writeHead` of node:http takes. */
export type FlatHeaders = string[];

/** HTTP whitespace, as Fetch defines it: space, tab and line breaks. */
const isSpace = (code: number) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;

/** The value of a header without the whitespace around it, as in Fetch. */
export function normalized(value: unknown): string {
  // Unlike String(), this refuses a symbol.
  const text = `${value as string}`;
  return trimPart(text, 0, text.length, isSpace);
}

/** Standard headers, in any form that `new Headers()` accepts, as a flat list. @throws TypeError for an entry that is not a pair. */
export function flatten(headers: NonNullable<ConstructorParameters<typeof Headers>[0]>): FlatHeaders {
  const flat: FlatHeaders = [];
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<readonly unknown[]>) {
      if (pair.length !== 2) throw new TypeError("Each entry of a list of headers must be a pair of name and value.");
      flat.push(String(pair[0]).toLowerCase(), normalized(pair[1]));
    }
  } else {
    for (const name of Object.keys(headers)) flat.push(name.toLowerCase(), normalized(headers[name]));
  }
  return flat;
}

/** The value of a header, several values joined as RFC 9110 §5.3 says; `name` in lower case. */
export function flatValue(flat: FlatHeaders, name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] === name) value = value === undefined ? flat[i + 1] : `${value}, ${flat[i + 1]}`;
  }
  return value;
}

/** The headers with `Content-Length` set to a length in bytes. */
export function withLength(flat: FlatHeaders, length: number): FlatHeaders {
  return [...without(flat, "content-length"), "content-length", String(length)];
}

/** The headers without one; `name` in lower case. */
export function without(flat: FlatHeaders, name: string): FlatHeaders {
  return flat.filter((_, i) => flat[i - (i % 2)] !== name);
}

/** Headers as the native list takes them. */
export function pairs(flat: FlatHeaders): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i]!, flat[i + 1]!]);
  return list;
}
