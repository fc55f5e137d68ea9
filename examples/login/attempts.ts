import { HTTPError } from "@mini/core";
import type { Session } from "@mini/session";

declare module "@mini/session" {
  interface SessionData {
    /** Wrong passwords in a row. */
    failures: number;
    /** When the last of them came; milliseconds since the Unix epoch. */
    failedAt: number;
  }
}

/** Wrong passwords before the first pause, and the pause after each from then on. */
const mostFailures = 5;
const pauseSeconds = 30;

/**
 * Ends the request with 429 while its session has to wait.
 *
 * It slows down whoever keeps the cookie. Who throws it away starts at nought: a public site counts by address and by
 * name as well.
 */
export function mustNotWait(session: Session): void {
  if ((session.get("failures") ?? 0) < mostFailures) return;
  const waitUntil = (session.get("failedAt") ?? 0) + pauseSeconds * 1000;
  const seconds = Math.ceil((waitUntil - Date.now()) / 1000);
  if (seconds <= 0) return;
  const message = `Too many wrong passwords. Try again in ${seconds === 1 ? "a second" : `${seconds} seconds`}.`;
  throw new HTTPError(429, message, { headers: { "retry-after": String(seconds) } });
}

/**
 * Counts a wrong password. The count is saved with an error's answer as well, and parallel ones add up: only the next
 * request knows the sum.
 */
export function countFailure(session: Session): void {
  session.increment("failures");
  session.set("failedAt", Date.now());
}
