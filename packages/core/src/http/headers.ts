import { inspect } from "node:util";
import { stripped } from "./blanks.ts";

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
export const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Refuses what must not reach the wire; RFC 9110 §5.5 and §5.6.2. The value is not repeated in the message.
 *
 * @throws TypeError naming the header.
 */
export function checkHeader(name: string, value: string): void {
  if (!token.test(name)) throw new TypeError(`A response header can not have the name ${JSON.stringify(name)}.`);
  if (!fieldValue.test(value)) {
    throw new TypeError(`The response header "${name}" has a character that no header may have, such as a line break.`);
  }
}

/** Names in lower case and values, in turn: what `writeHead` of node:http takes as it is. */
export type FlatHeaders = string[];

const isBlank = (code: number) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;

/** A header's value without the blanks around it, as Fetch has it. `trim()` would take off more, control characters among it. */
function normalized(value: unknown): string {
  // Unlike String(), this refuses a symbol.
  const text = `${value as string}`;
  return stripped(text, 0, text.length, isBlank);
}

export function flatten(headers: HeadersInit): FlatHeaders {
  const flat: FlatHeaders = [];
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<readonly unknown[]>) {
      if (pair.length !== 2) throw new TypeError("Each entry of a list of headers must be a name and a value.");
      flat.push(String(pair[0]).toLowerCase(), normalized(pair[1]));
    }
  } else {
    for (const name of Object.keys(headers)) flat.push(name.toLowerCase(), normalized(headers[name]));
  }
  return flat;
}

/** The value of a header among flat ones, several joined as RFC 9110 §5.3 says; `name` in lower case. */
export function flatValue(flat: FlatHeaders, name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] === name) value = value === undefined ? flat[i + 1] : `${value}, ${flat[i + 1]}`;
  }
  return value;
}

/** The headers with the length of a body, in place of any that they have. */
export function withLength(flat: FlatHeaders, length: number): FlatHeaders {
  return [...without(flat, "content-length"), "content-length", String(length)];
}

/**
 * The headers of a response without the cost of native ones, which are made only to go through all of them. Refuses what
 * those let through too: all control characters but three. The list is never changed, but another takes its place.
 */
export class ResponseHeaders implements Headers {
  #flat: FlatHeaders;

  constructor(flat: FlatHeaders) {
    this.#flat = flat;
  }

  /** As they are now; not to be changed. */
  get flat(): FlatHeaders {
    return this.#flat;
  }

  get #native(): Headers {
    return new Headers(pairs(this.#flat));
  }

  get(name: string): string | null {
    return flatValue(this.#flat, lowerName(name)) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  getSetCookie(): string[] {
    return this.#flat.filter((_, i) => this.#flat[i - 1] === "set-cookie" && i % 2 === 1);
  }

  append(name: string, value: string): void {
    this.#flat = [...this.#flat, lowerName(name), checkedValue(name, value)];
  }

  set(name: string, value: string): void {
    const text = checkedValue(name, value);
    const lower = name.toLowerCase();
    const others = flatValue(this.#flat, lower) === undefined ? this.#flat : without(this.#flat, lower);
    this.#flat = [...others, lower, text];
  }

  delete(name: string): void {
    this.#flat = without(this.#flat, lowerName(name));
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this.#native) callback.call(thisArg, value, name, this);
  }

  keys(): ReturnType<Headers["keys"]> {
    return this.#native.keys();
  }

  values(): ReturnType<Headers["values"]> {
    return this.#native.values();
  }

  entries(): ReturnType<Headers["entries"]> {
    return this.#native.entries();
  }

  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.entries();
  }

  [inspect.custom](): Headers {
    return this.#native;
  }

  static {
    // Whoever asks for Headers gets some, and what the platform adds to them later is there too.
    Object.setPrototypeOf(this.prototype, Headers.prototype);
  }
}

function lowerName(name: string): string {
  checkHeader(name, "");
  return name.toLowerCase();
}

function checkedValue(name: string, value: string): string {
  const text = normalized(value);
  checkHeader(name, text);
  return text;
}

/** The headers without one; `name` in lower case. */
export function without(flat: FlatHeaders, name: string): FlatHeaders {
  return flat.filter((_, i) => flat[i - (i % 2)] !== name);
}

function pairs(flat: FlatHeaders): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i]!, flat[i + 1]!]);
  return list;
}
