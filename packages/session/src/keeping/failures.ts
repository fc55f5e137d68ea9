import { HTTPError, type Logger } from "@mini/core/base";

/** Headers of the response to an error, which has its message as text. */
export const errorHeaders = {
  "content-type": "text/plain; charset=utf-8",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Sessions cannot be read or saved, because their backend failed or did not answer in time. The response is 503, and the client
 * keeps its cookie. It is unknown whether a change was saved, so it is not tried again.
 */
export class SessionUnavailableError extends HTTPError {
  override readonly code = "MINI_SESSION_UNAVAILABLE";
  /** The error of the backend; it has been logged. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    super(503, undefined, { headers: { "retry-after": "1" } });
    this.reason = reason;
  }

  override get name(): string {
    return "SessionUnavailableError";
  }

  /** The 503 response. The error handler of Hono calls this. */
  getResponse(): Response {
    return new Response(this.message, { status: this.status, headers: { ...errorHeaders, ...this.headers } });
  }
}

/** The message of a failure, for a log. */
export function reasonOf(error: unknown): string {
  // If a name has several addresses, the error of a failed connection has the errors of all of them, and no message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Logs the failure of a change that no response reports, unless it was logged already. The caller may not await the change. */
export function logFailure(change: Promise<unknown>, logger: Logger): void {
  change.catch((error: unknown) => {
    if (!(error instanceof SessionUnavailableError)) logger.error(reasonOf(error));
  });
}
