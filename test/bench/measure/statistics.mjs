// What a list of figures says; a list has one figure for each round.

export function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One over the other, round by round. */
export const ratios = (one, other) => one.map((each, i) => each / other[i]);

/** One over the other in the same round, the median of all rounds. */
export const ratio = (one, other) => median(ratios(one, other));

/**
 * Standard error of a list's median. It is taken from the median distance to the median, so that one round in which the
 * machine was busy with something else does not widen it; 0 for a list of one.
 */
export function errorOfMedian(list) {
  const middle = median(list);
  const deviation = 1.4826 * median(list.map((each) => Math.abs(each - middle)));
  return (1.2533 * deviation) / Math.sqrt(list.length);
}
