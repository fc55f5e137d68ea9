/** Whether more cases are tried, for which continuous integration has the time and a person who waits for the tests has not. */
const isCI = process.env["CI"] === "true";

/** The number of pairs that the random tests of the router compare. `npm run test:long` sets this and the following numbers. */
export const pairs = Number(process.env["MINI_PAIRS"] ?? (isCI ? 100_000 : 10_000));
/** The number of interleavings of parallel requests to a session that are compared with a model. */
export const schedules = Number(process.env["MINI_SCHEDULES"] ?? (isCI ? 10_000 : 750));
/** The number of sessions of one owner: one less than `MemoryBackend` keeps. */
export const owned = isCI ? 9999 : 999;
/** Divides the number of inputs that the tests of test/fuzz generate. */
export const fewer = isCI ? 1 : 2;
export const seed = Number(process.env["MINI_SEED"] ?? 20_260_901);

/** Milliseconds that such a test may take. */
export const longRun = 300_000 + pairs;

/** Prints a line for each million pairs, which shows that a long run is still going on. */
export function progress(what: string, count: number): void {
  if (count % 1_000_000 === 0) console.error(`${what} ${count / 1_000_000} million of ${pairs / 1_000_000}`);
}

/** How many times more often the tests of processes start, end and kill them. */
export const processes = Number(process.env["MINI_PROCESSES"] ?? 1);
