import { serializeCookie, type CookieOptions } from "../http/cookie.ts";
import { checkHeader, flatValue, without, type FlatHeaders } from "../http/headers.ts";
import type { Response } from "../http/response.ts";

/** A function that runs once, after all hooks, before status and headers are sent. */
export type HeadFunction = (response: Response) => void | Promise<void>;

interface HeadCookie {
  /** A cookie replaces an earlier one with the same key. */
  readonly key: string;
  readonly line: string;
  readonly clearing: boolean;
}

/** What a request adds to the head of its response, whichever response that is: cookies, headers, `Vary`, and functions to run before. */
export class AddedHead {
  #cookies: HeadCookie[] = [];
  #headers: FlatHeaders = [];
  readonly #vary: string[] = [];
  readonly #functions: HeadFunction[] = [];

  setCookie(name: string, value: string, options: CookieOptions, clearing: boolean): void {
    const line = serializeCookie(name, value, options);
    const key = `${name};${options.domain ?? ""};${options.path ?? "/"}`;
    this.#cookies = [...this.#cookies.filter((cookie) => cookie.key !== key), { key, line, clearing }];
  }

  setHeader(name: string, value: string): void {
    checkHeader(name, value);
    const lower = name.toLowerCase();
    this.#headers = [...without(this.#headers, lower), lower, value];
  }

  vary(name: string): void {
    checkHeader(name, "");
    this.#vary.push(name);
  }

  before(work: HeadFunction): void {
    this.#functions.push(work);
  }

  /** Removes and returns the function that was registered last; `undefined` when all have run. */
  next(): HeadFunction | undefined {
    return this.#functions.pop();
  }

  /** Drops cookies and headers after an error, except those that clear a cookie. */
  drop(): void {
    this.#cookies = this.#cookies.filter(({ clearing }) => clearing);
    this.#headers = [];
  }

  /** The headers of a response with those of the request. */
  merge(headers: FlatHeaders): FlatHeaders {
    const merged: FlatHeaders = [];
    const varies = this.#vary.length > 0;
    for (const flat of [headers, this.#headers]) {
      for (let i = 0; i < flat.length; i += 2) {
        const name = flat[i]!;
        const isReplaced = flat === headers && flatValue(this.#headers, name) !== undefined;
        if (!isReplaced && !(varies && name === "vary")) merged.push(name, flat[i + 1]!);
      }
    }
    if (varies) merged.push("vary", mergeVary(flatValue(this.#headers, "vary") ?? flatValue(headers, "vary"), this.#vary));
    for (const { line } of this.#cookies) merged.push("set-cookie", line);
    return merged;
  }
}

/** The value of `Vary` with more names. Each is listed once, as it was spelled first. RFC 9110 §12.5.5. */
function mergeVary(present: string | undefined, added: readonly string[]): string {
  if (present === undefined && added.length === 1) return added[0]!;
  const names = new Map<string, string>();
  for (const name of [...(present ?? "").split(","), ...added]) {
    const trimmed = name.trim();
    if (trimmed !== "" && !names.has(trimmed.toLowerCase())) names.set(trimmed.toLowerCase(), trimmed);
  }
  return names.has("*") ? "*" : [...names.values()].join(", ");
}
