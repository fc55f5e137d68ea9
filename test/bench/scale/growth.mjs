// What a request costs as something grows: ours and, where there is one, the floor at each size.
import { errorOfMedian, median, ratio, ratios } from "../measure/statistics.mjs";
import { compareServers } from "../measure/turns.mjs";
import { number, table } from "../report/table.mjs";

const nameOf = (who, size) => `${who}, ${size}`;

/** The first and the last when it has to be quick. */
export const sizesOf = (plan, sizes) => (plan.isQuick ? [sizes[0], sizes.at(-1)] : sizes);

/**
 * Measures servers at each size; the result is what a part yields.
 *
 * @param growth - `name` and `title`; `steps`, for each `size`, in words, what `Server.launch` takes as `mini` and as `bare`;
 *   what has no `bare` is compared with that of the step before. `prepare(server, step)`, as `compareServers` has it.
 */
export async function measureGrowth({ name, title, steps, prepare }, plan) {
  const entries = steps.flatMap((step) =>
    ["bare", "mini"].filter((who) => step[who] !== undefined).map((who) => ({ who, step, name: nameOf(who, step.size) })),
  );
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const contestants = Object.fromEntries(entries.map((entry) => [entry.name, entry.step[entry.who]]));
  const work = { title, contestants, prepare: (server) => prepare(server, byName.get(server.name).step) };
  return resultOf({ name, title, steps, figures: await compareServers(work, plan) });
}

/** @param figures - For each `bare, size` and `mini, size` a list, a figure a round. */
export function resultOf({ name, title, steps, figures }) {
  const series = Object.fromEntries(Object.keys(figures).map((each) => [each, each.startsWith("bare") ? "floor" : "own"]));
  return { name, title, unit: "us", measure: "us of CPU per request", figures, series, text: describe(steps, figures) };
}

/** One row for each size. */
function describe(steps, figures) {
  const first = figures[nameOf("mini", steps[0].size)];
  let base;
  const rows = steps.map(({ size }) => {
    base = figures[nameOf("bare", size)] ?? base;
    const own = figures[nameOf("mini", size)];
    const toBare = [ratio(own, base).toFixed(2), errorOfMedian(ratios(own, base)).toFixed(2)];
    return [size, number(median(own)), number(median(base)), ...toBare, ratio(own, first).toFixed(2)];
  });
  return table([["", "us of mini", "of bare", "ratio", "+-", `to ${steps[0].size}`], ...rows]);
}
