import { HTTPError } from "@mini/core";
import type { SessionRecord } from "./backend.ts";
import type { KeySize } from "./json.ts";

/** A session was changed, or asked for the first time, after the head of the response was written. */
export class SessionCommittedError extends Error {
  readonly code = "MINI_SESSION_COMMITTED";

  constructor(what: string, options?: ErrorOptions) {
    super(
      `Cannot ${what}: the head of the response has been written, and the session was committed before it. ` +
        "Do it in the handler, before it returns its response; a streamed body can not change a session.",
      options,
    );
  }

  override get name(): string {
    return "SessionCommittedError";
  }
}

/** A Set-Cookie line is longer than browsers accept; thrown before anything is sent. */
export class CookieTooLargeError extends Error {
  readonly code = "MINI_COOKIE_TOO_LARGE";
  readonly cookieName: string;
  /** Bytes of the whole Set-Cookie line. */
  readonly bytes: number;
  /** The biggest keys, at most three, biggest first. */
  readonly biggest: readonly KeySize[];

  constructor(cookieName: string, bytes: number, limit: number, biggest: readonly KeySize[]) {
    super(
      `Cannot send the cookie "${cookieName}": its Set-Cookie line has ${bytes} bytes, and browsers drop it over ${limit}. ` +
        keepLess(biggest),
    );
    this.cookieName = cookieName;
    this.bytes = bytes;
    this.biggest = biggest;
  }

  override get name(): string {
    return "CookieTooLargeError";
  }
}

/** A server-side session's record is longer than 64 KiB; thrown before anything is saved. */
export class SessionTooLargeError extends Error {
  readonly code = "MINI_SESSION_TOO_LARGE";
  /** Bytes of the record. */
  readonly bytes: number;
  /** The biggest keys, at most three, biggest first. */
  readonly biggest: readonly KeySize[];

  constructor(bytes: number, limit: number, biggest: readonly KeySize[]) {
    super(`Cannot save the session: its record has ${bytes} bytes, and may have ${limit}. ${keepLess(biggest)}`);
    this.bytes = bytes;
    this.biggest = biggest;
  }

  override get name(): string {
    return "SessionTooLargeError";
  }
}

function keepLess(biggest: readonly KeySize[]): string {
  const keys = biggest.map(({ key, bytes }) => `${JSON.stringify(key)} (${bytes} bytes)`).join(", ");
  return keys === "" ? "Keep less in it." : `Keep less in it; the biggest keys are ${keys}.`;
}

/** A session was removed where it is kept; a cache could not be told, and may show it for some time. */
export class SessionStillCachedError extends Error {
  readonly code = "MINI_SESSION_STILL_CACHED";
  /** What was removed. */
  readonly record: SessionRecord | undefined;

  constructor(record: SessionRecord | undefined, options?: ErrorOptions) {
    super("the session is removed, but the cache can not be told, and may show it for some time.", options);
    this.record = record;
  }

  override get name(): string {
    return "SessionStillCachedError";
  }
}

/**
 * Sessions can not be read or saved: their backend failed, or did not answer in time. The answer is 503, and the
 * client keeps its cookie. Whether a change was saved is unknown, so nothing is tried again.
 */
export class SessionUnavailableError extends HTTPError {
  override readonly code = "MINI_SESSION_UNAVAILABLE";
  /** What the backend failed with; it has been logged. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    super(503, undefined, { headers: { "retry-after": "1" } });
    this.reason = reason;
  }

  override get name(): string {
    return "SessionUnavailableError";
  }
}
