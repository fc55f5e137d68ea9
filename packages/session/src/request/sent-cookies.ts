import { deleteCookie, setHeader } from "@mini/core";
import type { Request, Response } from "@mini/core";
import type { OutgoingCookies } from "./outgoing.ts";
import type { CookieSettings } from "../settings/settings.ts";

const guarded = /(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i;

/** The cookies that one request sends for its sessions, and those of them that leave with an error's answer as well. */
export class SentCookies {
  readonly #outgoing: OutgoingCookies;
  readonly #request: Request;
  /** By name, how to send it again after an error has dropped the rest. */
  #lasting: Map<string, () => void> | undefined;
  #sent = false;

  constructor(outgoing: OutgoingCookies, request: Request) {
    this.#outgoing = outgoing;
    this.#request = request;
  }

  /** Sends a cookie that an error drops. @throws CookieTooLargeError */
  send(name: string, value: string, cookie: CookieSettings, contents: Readonly<Record<string, unknown>>): void {
    this.#outgoing.send(this.#request, name, value, cookie, contents);
    this.#sent = true;
  }

  /** Sends a cookie of what is permanent already: without it, the client would be left with one that leads nowhere. */
  keep(name: string, value: string, cookie: CookieSettings, contents: Readonly<Record<string, unknown>>): void {
    this.send(name, value, cookie, contents);
    this.#last(name, () => this.send(name, value, cookie, contents));
  }

  clear(name: string, cookie: CookieSettings): void {
    const clear = () => deleteCookie(name, this.#outgoing.attributes(this.#request, cookie));
    clear();
    this.#last(name, clear);
    this.#sent = true;
  }

  #last(name: string, send: () => void): void {
    (this.#lasting ??= new Map()).set(name, send);
  }

  /** Sends again, after an error, what must leave all the same. */
  restore(): void {
    this.#lasting?.forEach((send) => send());
  }

  /** Keeps shared caches from storing an answer that has a session's cookie. */
  guard(response: Response): void {
    if (this.#sent && !guarded.test(response.headers.get("cache-control") ?? "")) setHeader("cache-control", "no-store");
  }
}
