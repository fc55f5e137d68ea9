/** Pairs that the random tests of the router compare, and where they begin: `npm run test:long` sets them. */
export const pairs = Number(process.env["MINI_PAIRS"] ?? 100_000);
export const seed = Number(process.env["MINI_SEED"] ?? 20_260_901);

/** Milliseconds that such a test may take. */
export const longRun = 60_000 + pairs;

/** A line for each million, so that a long run is seen to go on. */
export function progress(what: string, count: number): void {
  if (count % 1_000_000 === 0) console.error(`${what} ${count / 1_000_000} million of ${pairs / 1_000_000}`);
}
