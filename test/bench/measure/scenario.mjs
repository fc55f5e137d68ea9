// A scenario: one thing that contestants do, each in a process of its own, measured in rounds.
import { compareServers } from "./turns.mjs";

/** Those without which nothing can be said about ours: the floor, ours, those that tell the noise, and what else it is compared with. */
const isEssential = (name, { floor, own, twins = [], references = [] }) => [floor, own, ...twins, ...references].includes(name);

/** Contestants that the plan asks for. */
export function chosen(scenario, plan) {
  const all = Object.entries(scenario.contestants);
  return Object.fromEntries(plan.onlyEssential ? all.filter(([name]) => isEssential(name, scenario)) : all);
}

/**
 * Measures servers; the result is what a part yields.
 *
 * @param scenario - `name` and `title`; `contestants` and `prepare` as {@link compareServers} has them; of the
 *   contestants' names `floor`, what the ratios are to, `own`, `twins`, two that are the same, and `references`, what ratios
 *   are shown to besides.
 */
export async function measureServers(scenario, plan) {
  const { name, title, floor, own, twins, references = [], prepare } = scenario;
  const figures = await compareServers({ title, contestants: chosen(scenario, plan), prepare }, plan);
  return { name, title, unit: "us", measure: "us of CPU per request", floor, own, twins, references, figures };
}
