/** Continuous integration has the time to try more than a person who waits for the tests. */
const isCI = process.env["CI"] === "true";

/** Pairs that the random tests of the router compare: `npm run test:long` sets this, and what follows. */
export const pairs = Number(process.env["MINI_PAIRS"] ?? (isCI ? 100_000 : 20_000));
/** Interleavings of parallel requests on a session that are compared with a model. */
export const schedules = Number(process.env["MINI_SCHEDULES"] ?? (isCI ? 10_000 : 1500));
/** Sessions of one owner. With one more they are as many as `MemoryBackend` keeps. */
export const owned = isCI ? 9999 : 999;
export const seed = Number(process.env["MINI_SEED"] ?? 20_260_901);

/** Milliseconds that such a test may take. */
export const longRun = 300_000 + pairs;

/** A line for each million pairs, so that a long run is seen to go on. */
export function progress(what: string, count: number): void {
  if (count % 1_000_000 === 0) console.error(`${what} ${count / 1_000_000} million of ${pairs / 1_000_000}`);
}

/** How many times as often the tests of processes that come, go and are killed do so. */
export const processes = Number(process.env["MINI_PROCESSES"] ?? 1);
