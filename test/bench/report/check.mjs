// Whether ours has become slower than it was recorded, beyond what is noise.
import { keyOf } from "./summary.mjs";
import { table } from "./table.mjs";

/** Differences of less than this are ties. */
const least = 0.1;

/** Who may be worse by more than this is not compared with anything. */
const most = 0.5;

/** What counts of a result: the ratio of ours to the floor, or where there is no floor the figure itself. */
function valueOf({ contestants, own }) {
  const { ratio, median, error = 0 } = contestants[own];
  return { value: ratio ?? median, error };
}

/**
 * By which part ours may be worse: a tenth, or twice what the twins differ by, now or when it was recorded, or three
 * standard errors of the two ratios, whichever is most.
 */
function tolerance(now, before) {
  const relative = [now, before].map(valueOf).map(({ value, error }) => error / value);
  return Math.max(least, 2 * now.noise, 2 * before.noise, 3 * Math.hypot(...relative));
}

/**
 * Compares summaries with recorded ones.
 *
 * @returns For each that was recorded `{ key, before, now, change, allowed, isWorse }`, `change` and `allowed` as parts of 1.
 */
export function compare(results, recorded) {
  const byKey = new Map(recorded.map((result) => [keyOf(result), result]));
  return results.flatMap((result) => {
    const before = byKey.get(keyOf(result));
    if (before === undefined) return [];
    const [was, is] = [valueOf(before).value, valueOf(result).value];
    const [change, allowed] = [is / was - 1, tolerance(result, before)];
    return [{ key: keyOf(result), before: was, now: is, change, allowed, isWorse: change > allowed }];
  });
}

const percent = (part) => `${(part * 100).toFixed(0)} %`;

export function describeComparison(rows) {
  const head = ["mini, to the floor", "recorded", "now", "change", "allowed", ""];
  const cells = rows.map(({ key, before, now, change, allowed, isWorse }) => [
    key,
    before.toPrecision(3),
    now.toPrecision(3),
    percent(change),
    percent(allowed),
    isWorse ? "worse" : allowed > most ? "too noisy to say" : "",
  ]);
  return table([head, ...cells]);
}
