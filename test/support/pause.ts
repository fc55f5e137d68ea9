import { readFileSync, readdirSync } from "node:fs";

/** States of a thread that runs no code: stopped, or ended and not yet reaped. */
const still = new Set(["T", "t", "Z", "X"]);

/**
 * Pauses processes, so that their connections stay open and get no replies. Resolves when all their threads have stopped, because
 * a signal leaves them running for some milliseconds, and for tens on a busy machine. (Only Linux tells whether they have.)
 *
 * @returns What lets them continue. Further calls do nothing.
 */
export async function pause(pids: readonly number[]): Promise<() => void> {
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  if (process.platform === "linux") {
    while (!pids.every(isStill)) await new Promise(setImmediate);
  }
  const paused = [...pids];
  return () => {
    for (const pid of paused.splice(0)) process.kill(pid, "SIGCONT");
  };
}

function isStill(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    // The state follows the name, which is in parentheses and may contain some.
    return still.has(stat.charAt(stat.lastIndexOf(")") + 2));
  });
}
