import { SessionUnavailableError } from "../keeping/deadline.ts";
import type { RequestCookies } from "./cookies.ts";
import type { LeavingResponse } from "./head.ts";
import type { OpenSession } from "./open-session.ts";

/** How a request has failed. */
interface FailedRequest {
  /** Whether an unexpected error ended the request; if not, a session could not be loaded or saved. */
  readonly hasFailed: boolean;
  /** Why a session could not be loaded or saved. */
  readonly failure: { readonly error: unknown } | undefined;
  /** Whether a change that had to be saved could not be saved. */
  readonly hasUnsavedChange: boolean;
  readonly cookies: RequestCookies | undefined;
}

/** Drops the changes of a request that has failed. @throws The error of a session, when a change is lost by it. */
export async function dropChanges(sessions: readonly OpenSession[], response: LeavingResponse, failed: FailedRequest): Promise<void> {
  const { hasFailed, failure, cookies } = failed;
  const hasUnsavedChange = !hasFailed && (failed.hasUnsavedChange || sessions.some(({ hasChanges }) => hasChanges));
  await rollBack(sessions, failure?.error);
  if (!hasFailed && failure !== undefined && (hasUnsavedChange || response.status === 503)) {
    cookies?.restoreLater();
    // Thrown even if the response is already that of this error, so that headers set by the handler are not sent.
    throw failure.error;
  }
  if (hasFailed) cookies?.restore();
  cookies?.guard(response);
}

/** Undoes what can be undone when a session could not be saved. @throws The error. */
export async function undoChanges(sessions: readonly OpenSession[], error: unknown, cookies: RequestCookies | undefined): Promise<never> {
  await rollBack(sessions, error);
  cookies?.restoreLater();
  throw error;
}

/** Puts messages back. The response does not wait for a backend that has just failed. */
async function rollBack(sessions: readonly OpenSession[], error: unknown): Promise<void> {
  const putBack = Promise.all(sessions.map(async (session) => session.rollBack()));
  if (!(error instanceof SessionUnavailableError)) await putBack;
}
