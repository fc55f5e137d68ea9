import { serializeCookie, type CookieOptions } from "./cookie.ts";
import { checkHeader, flatValue, type FlatHeaders, type Response } from "./response.ts";

/** Runs once, after all hooks, before status and headers leave. */
export type HeadFunction = (response: Response) => void | Promise<void>;

interface HeadCookie {
  readonly line: string;
  readonly clearing: boolean;
}

/** What a request adds to the head of whichever response leaves. Made by the first thing added. */
export class Head {
  readonly #cookies = new Map<string, HeadCookie>();
  readonly #headers = new Map<string, string>();
  readonly #vary = new Set<string>();
  readonly #functions: HeadFunction[] = [];

  setCookie(name: string, value: string, options: CookieOptions, clearing: boolean): void {
    const key = `${name};${options.domain ?? ""};${options.path ?? "/"}`;
    this.#cookies.delete(key);
    this.#cookies.set(key, { line: serializeCookie(name, value, options), clearing });
  }

  setHeader(name: string, value: string): void {
    checkHeader(name, value);
    this.#headers.set(name.toLowerCase(), value);
  }

  vary(name: string): void {
    checkHeader(name, "");
    this.#vary.add(name);
  }

  before(work: HeadFunction): void {
    this.#functions.push(work);
  }

  /** The last registered function, taken out; `undefined` when all have run. */
  next(): HeadFunction | undefined {
    return this.#functions.pop();
  }

  /** After an error: forgets cookies and headers, but not what clears a cookie. */
  drop(): void {
    for (const [key, { clearing }] of this.#cookies) if (!clearing) this.#cookies.delete(key);
    this.#headers.clear();
  }

  /** The headers of a response with what was added. */
  merge(headers: FlatHeaders): FlatHeaders {
    const merged: FlatHeaders = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      if (!this.#headers.has(name) && (name !== "vary" || this.#vary.size === 0)) merged.push(name, headers[i + 1]!);
    }
    for (const [name, value] of this.#headers) merged.push(name, value);
    if (this.#vary.size > 0) merged.push("vary", this.#mergeVary(this.#headers.get("vary") ?? flatValue(headers, "vary") ?? ""));
    for (const { line } of this.#cookies.values()) merged.push("set-cookie", line);
    return merged;
  }

  #mergeVary(present: string): string {
    const names = new Map<string, string>();
    for (const name of [...present.split(","), ...this.#vary]) {
      const trimmed = name.trim();
      if (trimmed !== "" && !names.has(trimmed.toLowerCase())) names.set(trimmed.toLowerCase(), trimmed);
    }
    return names.has("*") ? "*" : [...names.values()].join(", ");
  }
}
