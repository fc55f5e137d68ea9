// Time to build a URL; `npm run bench:router -- --only urlFor` has more to set.
import { describeUrls, figuresOf, measureUrls, planOf } from "./measurements.mjs";
import { compiler, shapes } from "./url-builders.mjs";

const names = { "url-static": "static", "url-one": "one parameter", "url-two": "two parameters" };
const twins = ["mini", "mini again"];

export const part = {
  name: "urlFor",
  scenarios: Object.keys(names),
  isPerNode: false,
  seconds: ({ rounds, isQuick }) => (isQuick ? 5 : 5 + rounds),
  async *measure(plan) {
    const results = await measureUrls(plan.onlyEssential ? [compiler, ...twins] : undefined, planOf(plan), plan);
    // One table has all of them, below the last.
    const last = plan.wanted.at(-1);
    for (const name of plan.wanted) {
      const about = { name, title: `A URL for ${shapes[names[name]]}`, unit: "ns", measure: "ns per URL" };
      const text = name === last ? `${describeUrls(results)}\nThe ratios are to compile().` : "see below";
      yield { ...about, floor: compiler, own: "mini", twins, ...figuresOf(results, names[name]), text };
    }
  },
};
