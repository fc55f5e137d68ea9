// Lookups in a set of rules, and URLs built for rules, of all contestants in rounds; then as tables.
import { compete } from "./compete.mjs";
import { contestants } from "./contestants.mjs";
import { describe } from "./report.mjs";
import { kinds } from "./rules.mjs";
import { builders, compiler, shapes } from "./url-builders.mjs";

const extra = { "build ms": ({ milliseconds }) => milliseconds, "bytes/rule": ({ bytes }) => bytes };
const integer = new Intl.NumberFormat("en");

/**
 * @param names - Of the contestants; left out, all.
 * @param plan - `rounds`, `milliseconds`, `seconds` as `compete` has them, and whether there are `overlaps`.
 * @param tools - `progress`, and the `node` to run on.
 */
export function measureLookups(size, names = Object.keys(contestants), plan, tools) {
  const module = new URL("lookup.mjs", import.meta.url);
  return compete(module, names, { ...plan, kinds, size }, { ...tools, title: `${integer.format(size)} rules` });
}

export const describeLookups = (results) => describe(results, kinds, { extra });

/** As `measureLookups`. */
export function measureUrls(names = Object.keys(builders), plan, tools) {
  const module = new URL("url-for.mjs", import.meta.url);
  return compete(module, names, { ...plan, kinds: Object.keys(shapes) }, { ...tools, title: "urlFor" });
}

export const describeUrls = (results) => describe(results, Object.keys(shapes), { reference: compiler });

/** Of what `compete` gave, the figures of one kind and who has none. */
export function figuresOf(results, kind) {
  const able = Object.entries(results).filter(([, { ns }]) => ns !== undefined);
  const unable = Object.entries(results).filter(([, { ns }]) => ns === undefined);
  return {
    figures: Object.fromEntries(able.map(([name, { ns }]) => [name, ns[kind]])),
    unable: Object.fromEntries(unable.map(([name, { unable: reason }]) => [name, reason])),
  };
}

/** `plan` of `compete` for a part of `npm run bench`. */
export const planOf = ({ rounds, isQuick }) => ({ rounds: rounds * 2, milliseconds: isQuick ? 3 : 5, seconds: isQuick ? 15 : 25 });
