// Time of a lookup in our router beside its peers, in rounds that take turns; then of building a URL.
//
//   npm run bench:router -- [--quick] [--sizes 10,1000] [--rounds n] [--only mini,memoirist] [--overlaps] [--json file]
//
// --only takes beginnings of names: "hono" is all of hono's routers, "urlFor" the URLs. --overlaps has rules such as
// /users/new beside /users/:id, which hono's RegExpRouter refuses. The result is the ratio to the best peer in the same round; mini
// takes part twice, to show the noise.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildPackages } from "./measure/build.mjs";
import { runToEnd } from "./measure/children.mjs";
import { Progress } from "./measure/progress.mjs";
import { describeLookups, describeUrls, measureLookups, measureUrls } from "./routers/measurements.mjs";
import { contestants, notes } from "./routers/contestants.mjs";
import { summarize, summarizeUrls } from "./routers/report.mjs";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    sizes: { type: "string" },
    rounds: { type: "string" },
    only: { type: "string" },
    overlaps: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}

const sizes = (values.sizes ?? (values.quick ? "10,1000,100000" : "10,100,1000,10000,100000")).split(",").map(Number);
const rounds = Number(values.rounds ?? (values.quick ? 15 : 60));
if (!sizes.every((size) => Number.isInteger(size) && size >= 3)) fail("--sizes takes whole numbers from 3 on, with commas between them.");
if (!(Number.isInteger(rounds) && rounds > 0)) fail("--rounds takes a whole number from 1 on.");

const wanted = values.only?.split(",");
const isWanted = (name) => wanted === undefined || wanted.some((each) => name.startsWith(each));
const unknown = wanted?.find((each) => ![...Object.keys(contestants), "urlFor"].some((name) => name.startsWith(each)));
if (unknown !== undefined) fail(`--only takes beginnings of ${Object.keys(contestants).join(", ")} and urlFor; "${unknown}" is none.`);
const names = Object.keys(contestants).filter(isWanted);

const progress = new Progress();
const plan = { rounds, milliseconds: values.quick ? 3 : 5, seconds: values.quick ? 15 : 25, overlaps: values.overlaps };
const integer = new Intl.NumberFormat("en");

/** Prints over the line of progress. */
function print(text) {
  progress.clear();
  console.log(text);
}

async function bench() {
  buildPackages();
  const bySize = new Map();
  for (const size of names.length === 0 ? [] : sizes) {
    const results = await measureLookups(size, names, plan, { progress });
    bySize.set(size, results);
    const how = `ns per lookup, median of ${rounds} rounds; ratio: this / the best peer, in the same round`;
    print(`\n${integer.format(size)} rules (${how})\n${describeLookups(results)}`);
  }
  let urls = {};
  if (isWanted("urlFor")) {
    urls = await measureUrls(undefined, plan, { progress });
    print(`\nurlFor (ns per URL, median of ${rounds} rounds; ratio: this / compile(), in the same round)\n${describeUrls(urls)}`);
  }
  const summary = summarize(bySize);
  if (summary !== "") print(`\nSummary (hits; ratio: mini / that peer, or the best of its kind)\n${summary}`);
  if (summarizeUrls(urls) !== "") print(`\n${summarizeUrls(urls)}`);
  if (bySize.size > 0) print(`\n${notes.join("\n")}`);

  const { version, arch, platform } = process;
  const json = { node: version, platform, arch, rounds, lookups: Object.fromEntries(bySize), urlFor: urls };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, undefined, 2)}\n`);
  return 0;
}

await runToEnd(bench);
