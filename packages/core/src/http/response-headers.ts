import { inspect } from "node:util";
import { checkHeader, flatValue, normalized, pairs, without, type FlatHeaders } from "./headers.ts";
import { delegateToNative, native } from "./served-request.ts";

/**
 * The headers of a response. Native `Headers` are slower and are made only for iteration. All control characters except the tab
 * are refused; native `Headers` refuse only three. A change replaces the list, so code that holds the old list does not see the
 * change.
 */
export class ResponseHeaders implements Headers {
  // Read from the native headers.
  declare readonly keys: Headers["keys"];
  declare readonly values: Headers["values"];
  declare readonly entries: Headers["entries"];
  declare readonly [Symbol.iterator]: Headers["entries"];
  #flat: FlatHeaders;

  constructor(flat: FlatHeaders) {
    this.#flat = flat;
  }

  /** The headers as they are now. Do not change the list. */
  get flat(): FlatHeaders {
    return this.#flat;
  }

  /** @internal */
  get [native](): Headers {
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
    for (const [name, value] of this[native]) callback.call(thisArg, value, name, this);
  }

  [inspect.custom](): Headers {
    return this[native];
  }

  static {
    // With `extends Headers` each response would make the native list that this class avoids.
    delegateToNative<Headers>(this, Headers);
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
