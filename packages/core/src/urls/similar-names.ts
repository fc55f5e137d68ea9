/** How many letters to change, add or remove to make one word of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}

/** The candidate spelled most like a name, if one is near enough to be what was meant. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const changes = distance(name.toLowerCase(), candidate.toLowerCase());
    if (changes < fewest) [best, fewest] = [candidate, changes];
  }
  return best;
}

/** The candidates spelled most like a name, best first. */
export function nearestFirst<Each>(
  name: string,
  candidates: readonly Each[],
  textOf: (each: Each) => string,
  most: number,
): readonly Each[] {
  const measured = candidates.map((each) => [distance(name.slice(0, 200), textOf(each)), each] as const);
  return measured
    .sort(([one], [other]) => one - other)
    .slice(0, most)
    .map(([, each]) => each);
}
