import type { CookieOptions } from "@mini/core/base";

/** What sessions know about a request, whatever framework it comes from. */
export interface IncomingRequest {
  readonly method: string;
  readonly headers: Pick<Headers, "get">;
  /** Whether the client used https. */
  readonly secure: boolean;
  /** Aborted when the client disconnects. */
  readonly signal?: Pick<AbortSignal, "aborted"> | undefined;
}

/** Headers that mark a prefetch or prerender. Scripts cannot send those that begin with `Sec-`. */
export const purposeHeaders = ["sec-purpose", "x-sec-purpose", "purpose", "x-purpose", "x-moz"] as const;
/** Matches the value of such a header. */
export const prefetchPattern = /(?:^|[;,])\s*(?:prefetch|prerender|preview)\s*(?:[;,]|$)/i;

/**
 * Whether the browser leaves out a cookie with these attributes, because the request comes from another site. It still accepts a
 * new cookie from the response, which replaces the one that it has.
 */
export function isLeftOut({ method, headers }: IncomingRequest, { sameSite }: Pick<CookieOptions, "sameSite">): boolean {
  if (sameSite === "none" || headers.get("sec-fetch-site") !== "cross-site") return false;
  return sameSite === "strict" || !["GET", "HEAD", "OPTIONS", "TRACE"].includes(method);
}

/** What sessions know about a response before its head is sent. */
export interface OutgoingResponse {
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
}

/**
 * What sessions add to the response of a request. It is all that they know about the program around them. Cookies and headers are
 * dropped when a function of `beforeHead` throws, and when the request fails, except those that clear a cookie.
 */
export interface Head {
  /** Whether an unexpected error has ended the request. */
  readonly hasFailed: boolean;
  /**
   * Calls a function once, before the head of the response leaves, and waits for it. The functions run in reverse order. If one
   * throws, its error is answered instead of the response, and the others still run.
   *
   * @throws SessionCommittedError when the head is already being sent.
   */
  beforeHead(work: (response: OutgoingResponse) => void | Promise<void>): void;
  /** Adds the name of a request header to `Vary`. */
  vary(name: string): void;
  setCookie(name: string, value: string, options: CookieOptions): void;
  deleteCookie(name: string, options: CookieOptions): void;
  setHeader(name: string, value: string): void;
}

/** The head of a response that is never sent. */
export const unsentHead: Head = Object.freeze({
  hasFailed: false,
  beforeHead() {},
  vary() {},
  setCookie() {},
  deleteCookie() {},
  setHeader() {},
});

/** A session was changed, or used for the first time, after the head of the response was written. */
export class SessionCommittedError extends Error {
  readonly code = "MINI_SESSION_COMMITTED";

  constructor(what: string, options?: ErrorOptions) {
    super(
      `Cannot ${what}: the response has begun, and sessions are committed before that. ` +
        "Do it before the handler returns; a streamed body cannot change a session.",
      options,
    );
  }

  override get name(): string {
    return "SessionCommittedError";
  }
}
