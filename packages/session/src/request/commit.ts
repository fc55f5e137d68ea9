import type { Logger } from "@mini/core/base";
import { reasonOf, SessionUnavailableError } from "../keeping/failures.ts";
import type { ResponseCookies } from "./cookies.ts";
import type { OutgoingResponse } from "./head.ts";
import { saveAll, type OpenSession } from "./open-session.ts";

/** Why a session could not be loaded or saved. */
export interface Failure {
  readonly error: unknown;
  /** Whether a change that had to be saved was not saved. */
  readonly hasUnsavedChange: boolean;
}

/** A request that has failed. */
interface FailedRequest {
  /** Whether an unexpected error has ended the request; if not, there is a `failure`. */
  readonly endedByError: boolean;
  readonly failure: Failure | undefined;
  readonly cookies: ResponseCookies;
  readonly logger: Logger;
}

/**
 * Drops the changes of a request that has failed, except messages of its error handler.
 *
 * @throws The error of a session, if a change is lost because of it.
 */
export async function dropChanges(sessions: readonly OpenSession[], response: OutgoingResponse, failed: FailedRequest): Promise<void> {
  const { endedByError, failure, cookies } = failed;
  const hasUnsavedChange = !endedByError && (failure?.hasUnsavedChange === true || sessions.some(({ hasChanges }) => hasChanges));
  await rollBack(sessions, failure?.error);
  if (!endedByError && failure !== undefined && (hasUnsavedChange || response.status === 503)) {
    cookies.restoreLater();
    // Thrown even if the response is already the response to this error, so that headers set by the handler are not sent.
    throw failure.error;
  }
  if (endedByError) cookies.restore();
  if (failure === undefined) await saveLateMessages(sessions, failed.logger);
  cookies.guard(response);
}

/** Saves the messages that were added after the error, such as "Something went wrong." of an error handler that redirects. */
async function saveLateMessages(sessions: readonly OpenSession[], logger: Logger): Promise<void> {
  try {
    await saveAll(sessions.filter((session) => session.keepLateMessages()));
  } catch (error) {
    // The response is an error already, and this error would hide its cause.
    logger.warn(`Cannot save the flash messages of an error handler: ${reasonOf(error)}`);
  }
}

/** Undoes what can be undone when a session could not be saved. @throws The error. */
export async function undoChanges(sessions: readonly OpenSession[], error: unknown, cookies: ResponseCookies): Promise<never> {
  await rollBack(sessions, error);
  cookies.restoreLater();
  throw error;
}

/** Puts messages back. The response does not wait for a backend that has just failed. */
async function rollBack(sessions: readonly OpenSession[], error: unknown): Promise<void> {
  const putBack = Promise.all(sessions.map(async (session) => session.rollBack()));
  if (!(error instanceof SessionUnavailableError)) await putBack;
}
