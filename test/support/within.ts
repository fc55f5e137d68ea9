/** The real timers, even in a test that has its own clock. */
const { setTimeout, clearTimeout } = globalThis;

/** Milliseconds to wait for an event. They are enough even on a machine that is ten times slower. A test may take longer. */
export const patience = 60_000;

/**
 * The result of the work. Rejects if it does not settle in time; the message says what was waited for.
 *
 * @param what - What is waited for, for the message: `"the answer to GET /"`.
 */
export async function within<Result>(what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${patience / 1000} seconds for ${what}, and it did not come.`)), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
