/** Not those of a test that has a clock of its own. */
const { setTimeout, clearTimeout } = globalThis;

/** Milliseconds in which what is to come has come, on a machine ten times slower too. A test may take longer. */
export const patience = 60_000;

/**
 * What comes of it; rejects with what was waited for when it does not come.
 *
 * @param what - In words: `"the answer to GET /"`.
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
