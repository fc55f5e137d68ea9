import { abort } from "@mini/core";
import type { Session } from "@mini/session";

declare module "@mini/session" {
  interface SessionData {
    /** Wrong passwords in a row. */
    failures: number;
    /** When the last one came; milliseconds since the Unix epoch. */
    failedAt: number;
  }
}

/** Wrong passwords before the first pause, and seconds of the pause after each further one. */
const mostFailures = 5;
const pauseSeconds = 30;

/**
 * Ends the request with 429 while its session has to wait.
 *
 * It slows down only clients that keep the cookie. Without the cookie the count begins at 0, so a public site also counts by
 * address and by name.
 */
export function mustNotWait(session: Session): void {
  if ((session.get("failures") ?? 0) < mostFailures) return;
  const waitUntil = (session.get("failedAt") ?? 0) + pauseSeconds * 1000;
  const seconds = Math.ceil((waitUntil - Date.now()) / 1000);
  if (seconds <= 0) return;
  const message = `Too many wrong passwords. Try again in ${seconds === 1 ? "a second" : `${seconds} seconds`}.`;
  abort(429, message, { headers: { "retry-after": String(seconds) } });
}

/**
 * Counts a wrong password. The count is saved even if the response is an error, and parallel counts add up. The sum is known in
 * the next request.
 */
export function countFailure(session: Session): void {
  session.increment("failures");
  session.set("failedAt", Date.now());
}
