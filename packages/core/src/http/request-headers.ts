import { inspect } from "node:util";
import { isToken } from "./headers.ts";
import { native, delegateToNative } from "./served-request.ts";

/** The headers of a request, read from Node's list. Native `Headers` are made for everything except looking up a name. */
export class RequestHeaders implements Headers {
  declare readonly append: Headers["append"];
  declare readonly delete: Headers["delete"];
  declare readonly entries: Headers["entries"];
  declare readonly forEach: Headers["forEach"];
  declare readonly getSetCookie: Headers["getSetCookie"];
  declare readonly keys: Headers["keys"];
  declare readonly set: Headers["set"];
  declare readonly values: Headers["values"];
  declare readonly [Symbol.iterator]: Headers[typeof Symbol.iterator];
  /** Alternating names and values. */
  readonly #raw: readonly string[];
  #native: Headers | undefined;

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  get [native](): Headers {
    if (this.#native === undefined) {
      this.#native = new Headers();
      // Names that begin with a colon are the pseudo-headers of HTTP/2.
      for (let i = 0; i < this.#raw.length; i += 2)
        if (!this.#raw[i]!.startsWith(":")) this.#native.append(this.#raw[i]!, this.#raw[i + 1]!);
    }
    return this.#native;
  }

  /** Reads from these headers from now on. */
  replaceWith(headers: Headers): void {
    this.#native = headers;
  }

  get(name: string): string | null {
    if (this.#native !== undefined) return this.#native.get(name);
    const lower = name.toLowerCase();
    const raw = this.#raw;
    if (lower.startsWith(":")) return this[native].get(name);
    let value: string | null = null;
    for (let i = 0; i < raw.length; i += 2) {
      const each = raw[i]!;
      if (each.length !== lower.length || (each !== lower && each.toLowerCase() !== lower)) continue;
      value = value === null ? raw[i + 1]! : `${value}${lower === "cookie" ? "; " : ", "}${raw[i + 1]!}`;
    }
    // A name that was found is valid. For one that no header can have, the native list throws.
    return value === null && !isToken(name) ? this[native].get(name) : value;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  [inspect.custom](): Headers {
    return this[native];
  }

  static {
    delegateToNative<Headers>(this, Headers);
  }
}
