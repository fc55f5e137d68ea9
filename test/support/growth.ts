/** How many times the small size the large one is. */
const factor = 32;
/** Processor time that one measurement takes at least, in microseconds: shorter ones are mostly the clock's own error. */
const least = 2000;
/** How often it is measured, for the best to count; one of more than so many microseconds is exact enough by itself. */
const tries = 5;
const exact = 200_000;

/** Processor time of this process for one run of the work, in microseconds: what else the machine does is not in it. */
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
 * How the cost of work grows with the size of its input: 1 where it is in proportion to it, 2 where it is in proportion to
 * its square, 0 where it is always the same. It compares the input with one of a thirty-second of its size.
 *
 * @param size - Of the large input.
 * @param prepare - Makes the work for an input of that size; what it does itself is not measured.
 */
export function growth(size: number, prepare: (size: number) => () => unknown): number {
  const [small, large] = [prepare(Math.ceil(size / factor)), prepare(size)];
  small();
  return Math.log(bestOf(large) / bestOf(small)) / Math.log(factor);
}

/** Half-way between in proportion and in proportion to the square: wide enough for what caches and compilers do. */
export const mostGrowth = 1.5;
