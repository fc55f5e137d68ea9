// Time of a lookup in sets of rules, beside the routers of others; `npm run bench:router` has more to set.
import { describeLookups, figuresOf, measureLookups, planOf } from "./measurements.mjs";

const sizes = { "rules-10": 10, "rules-100": 100, "rules-1000": 1000, "rules-10000": 10_000, "rules-100000": 100_000 };
/** The router of fastify, which can do what ours does and decodes parameters too. */
const floor = "find-my-way";
const twins = ["mini", "mini again"];
const integer = new Intl.NumberFormat("en");

/** Quick is 1,000 rules, unless others are named. */
const isLeftOut = (name, { isQuick, wanted }) => isQuick && wanted.length === Object.keys(sizes).length && name !== "rules-1000";

export const part = {
  name: "router",
  scenarios: Object.keys(sizes),
  isPerNode: false,
  seconds: ({ rounds, wanted, isQuick }) => (isQuick ? 20 : wanted.length * (20 + rounds * 2)),
  async *measure(plan) {
    const names = plan.onlyEssential ? [floor, ...twins] : undefined;
    for (const name of plan.wanted.filter((each) => !isLeftOut(each, plan))) {
      const results = await measureLookups(sizes[name], names, planOf(plan), plan);
      const title = `A hit among ${integer.format(sizes[name])} rules`;
      const text = `${describeLookups(results)}\nThe ratios are to the best peer.`;
      yield { name, title, unit: "ns", measure: "ns per lookup", floor, own: "mini", twins, ...figuresOf(results, "hit"), text };
    }
  },
};
