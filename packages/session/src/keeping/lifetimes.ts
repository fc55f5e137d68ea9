/** The first millisecond in which what began at a time has ended: it lives as long as it is not older than so many seconds. */
export function endAfter(time: number, seconds: number): number {
  return time + seconds * 1000 + 1;
}

/**
 * Seconds without use after which a session's idle time is moved: every tenth of it, at least 15 seconds, so that
 * most requests write nothing; but twice before it ends.
 */
export function renewalAge(idleTimeout: number): number {
  return Math.min(Math.max(15, idleTimeout / 10), idleTimeout / 2);
}
