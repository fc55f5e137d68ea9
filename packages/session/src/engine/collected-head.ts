import { HTTPError, mergeVary, serializeCookie } from "@mini/core/base";
import type { CookieOptions } from "@mini/core/base";
import { SessionCommittedError, type Head, type OutgoingResponse } from "../request/head.ts";

interface HeadCookie {
  /** A cookie replaces an earlier one with the same key. */
  readonly key: string;
  readonly line: string;
  readonly clearing: boolean;
}

/** The headers of a response that is about to be sent: the standard `Headers`, or those of another server. */
export interface OutgoingHeaders extends Pick<Headers, "get"> {
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/** Why a commit has failed. */
export interface FailedCommit {
  readonly error: unknown;
}

/** The result of a commit: `undefined` if it has succeeded. */
export type Closing = FailedCommit | undefined | Promise<FailedCommit | undefined>;

type HeadFunction = Parameters<Head["beforeHead"]>[0];

/** Shared by all heads to which nothing was added. */
const nothing: readonly never[] = Object.freeze([]);

/** The head of a response that does not exist yet. It collects what sessions add. */
export class CollectedHead implements Head {
  readonly #isFailing: () => boolean;
  #hasFailed = false;
  #isClosing = false;
  #isClosed = false;
  #cookies: readonly HeadCookie[] = nothing;
  #headers: readonly (readonly [name: string, value: string])[] = nothing;
  #vary: readonly string[] = nothing;
  #functions: readonly HeadFunction[] = nothing;

  /**
   * @param isFailing - Whether an unexpected error has ended the request, if the framework knows. Called before anything is added.
   */
  constructor(isFailing: () => boolean = never) {
    this.#isFailing = isFailing;
  }

  get hasFailed(): boolean {
    this.#noticeFailure();
    return this.#hasFailed;
  }

  /** Everything that was added before the error is dropped. What is added later is sent. */
  #noticeFailure(): void {
    if (!this.#hasFailed && this.#isFailing()) this.fail();
  }

  /** The lines of Set-Cookie. */
  get cookies(): readonly string[] {
    return this.#cookies.map(({ line }) => line);
  }

  beforeHead(work: HeadFunction): void {
    if (this.#isClosed) throw new SessionCommittedError("use a session or secure cookie for the first time");
    this.#functions = [...this.#functions, work];
  }

  vary(name: string): void {
    this.#vary = [...this.#vary, name];
  }

  setCookie(name: string, value: string, options: CookieOptions): void {
    this.#add(name, value, options, false);
  }

  deleteCookie(name: string, options: CookieOptions): void {
    this.#add(name, "", { ...options, maxAge: 0, expires: new Date(0) }, true);
  }

  #add(name: string, value: string, options: CookieOptions, clearing: boolean): void {
    const line = serializeCookie(name, value, options);
    // Browsers replace a cookie by another one with the same key. They keep a partitioned cookie beside an unpartitioned
    // one of the same name.
    const { domain = "", path = "/", partitioned = false } = options;
    const key = `${name};${domain.replace(/^\./, "").toLowerCase()};${path};${partitioned}`;
    this.#noticeFailure();
    this.#cookies = [...this.#cookies.filter((cookie) => cookie.key !== key), { key, line, clearing }];
  }

  setHeader(name: string, value: string): void {
    this.#noticeFailure();
    this.#headers = [...this.#headers.filter(([other]) => other !== name), [name, value]];
  }

  /** Notes that an unexpected error has ended the request. An error after the response has begun changes nothing. */
  fail(): void {
    // What was added after the error, or by the commit, stays.
    if (this.#hasFailed || this.#isClosing) return;
    this.#hasFailed = true;
    this.#drop();
  }

  /** Drops cookies and headers after an error, except those that clear a cookie. */
  #drop(): void {
    this.#cookies = this.#cookies.filter(({ clearing }) => clearing);
    this.#headers = nothing;
  }

  /**
   * Runs the functions, the last one first, and returns the error of the last one that failed. Nothing can be added afterwards.
   *
   * @param failure - The error of the functions that ran before.
   * @returns A promise only if a function returns one: sessions in cookies are saved at once.
   */
  close(response: OutgoingResponse, failure?: FailedCommit): Closing {
    if (!this.#isClosing) this.#noticeFailure();
    this.#isClosing = true;
    const work = this.#functions.at(-1);
    if (work === undefined) {
      this.#isClosed = true;
      return failure;
    }
    this.#functions = this.#functions.slice(0, -1);
    const fail = (error: unknown) => {
      this.#drop();
      return this.close(error instanceof HTTPError ? { status: error.status, headers: new Headers(error.headers) } : unexpected, { error });
    };
    try {
      const working = work(response);
      if (working instanceof Promise) return working.then(() => this.close(response, failure), fail);
    } catch (error) {
      return fail(error);
    }
    return this.close(response, failure);
  }

  /** Refuses a first use from now on, because the response has been sent. */
  closeUnused(): void {
    this.#isClosed = true;
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.#vary.length === 0 && this.#cookies.length === 0;
  }

  /** Adds what was collected to the headers of a response. */
  writeTo(headers: OutgoingHeaders): void {
    if (this.isEmpty) return;
    for (const [name, value] of this.#headers) headers.set(name, value);
    headers.set("vary", mergeVary(headers.get("vary"), this.#vary));
    for (const { line } of this.#cookies) headers.append("set-cookie", line);
  }

  /**
   * A response with what was collected; the same one if there is nothing. It is copied, because the program may send a response
   * without a body to several clients, and because the headers of some cannot change.
   */
  addTo(response: Response): Response {
    if (this.isEmpty) return response;
    if (this.#cookies.length === 0 && this.#headers.length === 0) {
      const vary = response.headers.get("vary");
      if (vary !== null && mergeVary(vary, this.#vary) === vary) return response;
    }
    if (hidesType(response)) {
      const copy = response.clone();
      // Otherwise the client could not end a stream.
      response.body?.cancel().catch(() => undefined);
      this.writeTo(copy.headers);
      return copy;
    }
    const headers = new Headers(response.headers);
    this.writeTo(headers);
    const { status, statusText, body } = response;
    return new Response(body, { status, statusText, headers });
  }
}

let areTypesHidden: boolean | undefined;

/**
 * Whether a response may have a type that its headers do not have. On Bun, `new Response("text")` does: its server adds `text/plain`,
 * unless `body` was read, even if only to look at it. Then the server sends `application/octet-stream`, and browsers save the page.
 */
export function hidesType({ headers }: Response): boolean {
  return headers.get("content-type") === null && (areTypesHidden ??= new Response("text").headers.get("content-type") === null);
}

const never = () => false;

const unexpected: OutgoingResponse = { status: 500, headers: { get: () => null } };
