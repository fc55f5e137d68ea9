/** How many times larger the large input is. */
const factor = 32;
/** The least processor time of one measurement, in microseconds. The error of the clock is too large for shorter ones. */
const least = 2000;
/** How often the cost is measured; the best measurement counts. One that takes longer than `exact` microseconds is enough. */
const tries = 5;
const exact = 200_000;

/** Processor time of this process for one run of the work, in microseconds. Other work of the machine is not included. */
function cost(work: () => unknown): number {
  let runs = 0;
  let used = 0;
  const before = process.cpuUsage();
  do {
    work();
    runs++;
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  } while (used < least);
  return used / runs;
}

function bestOf(work: () => unknown): number {
  let best = Infinity;
  for (let count = 0; count < tries; count++) {
    best = Math.min(best, cost(work));
    if (best > exact) break;
  }
  return best;
}

/**
 * How the cost of work grows with the size of its input: 1 for linear growth, 2 for quadratic growth, 0 for a constant cost. Compares
 * the input with one of a thirty-second of its size.
 *
 * @param size - The size of the large input.
 * @param prepare - Makes the work for an input of that size. The preparation is not measured.
 */
export function growth(size: number, prepare: (size: number) => () => unknown): number {
  const [small, large] = [prepare(Math.ceil(size / factor)), prepare(size)];
  small();
  return Math.log(bestOf(large) / bestOf(small)) / Math.log(factor);
}

/** Half-way between linear and quadratic growth, which leaves room for the effects of caches and compilers. */
export const mostGrowth = 1.5;
