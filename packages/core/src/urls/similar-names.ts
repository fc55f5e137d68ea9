/** How many letters must be changed, added or removed to turn one word into the other (Levenshtein distance). */
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

/** The candidate that is most similar to a name; `undefined` if none is similar enough to be meant. */
export function mostSimilar(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const changes = distance(name.toLowerCase(), candidate.toLowerCase());
    if (changes < fewest) [best, fewest] = [candidate, changes];
  }
  return best;
}

/** The candidates that are most similar to a name, the most similar first. */
export function bySimilarity<Each>(
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
