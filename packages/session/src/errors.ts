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

/** One top-level key of a cookie and the bytes its JSON takes. */
export interface KeySize {
  readonly key: string;
  readonly bytes: number;
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
    const keys = biggest.map(({ key, bytes: size }) => `${JSON.stringify(key)} (${size} bytes)`).join(", ");
    super(
      `Cannot send the cookie "${cookieName}": its Set-Cookie line has ${bytes} bytes, and browsers drop it over ${limit}. ` +
        (keys === "" ? "Keep less in it." : `Keep less in it; the biggest keys are ${keys}.`),
    );
    this.cookieName = cookieName;
    this.bytes = bytes;
    this.biggest = biggest;
  }

  override get name(): string {
    return "CookieTooLargeError";
  }
}
