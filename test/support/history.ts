/** A request that added its number to a session: to a counter, to a list, and as a key of its own. */
export interface SessionWrite {
  readonly number: number;
  /** Times of one clock: when the request began, had its session loaded, and was answered. */
  readonly start: number;
  readonly loaded: number;
  readonly end: number;
  /** The counter, the length of the list and the number of keys when the session was loaded. */
  readonly saw: { readonly count: number; readonly listed: number; readonly keys: number };
}

/**
 * What contradicts the order of the requests, at most one sentence for each request.
 *
 * @param list - The numbers in the order in which the session has them. It is the order of the commits.
 * @param writes - All requests, each answered.
 */
export function contradictions(list: readonly number[], writes: readonly SessionWrite[]): readonly string[] {
  const placeOf = new Map(list.map((number, place) => [number, place]));
  const byNumber = new Map(writes.map((write) => [write.number, write]));
  const inTurn = writes.toSorted((one, other) => one.end - other.end);
  return writes.flatMap(({ number, start, loaded, saw: { count, listed, keys } }) => {
    const place = placeOf.get(number);
    if (place === undefined) return [`${number} is not there`];
    if (listed !== count || keys !== count) return [`${number} saw parts of several commits`];
    if (count > place) return [`${number} saw itself, or one after it`];
    const newest = list[count - 1];
    if (newest !== undefined && byNumber.get(newest)!.start > loaded) return [`${number} saw ${newest}, which had not begun`];
    const missed = inTurn.find((other) => other.end < start && placeOf.get(other.number)! >= count);
    return missed === undefined ? [] : [`${number} did not see ${missed.number}, which had been answered`];
  });
}
