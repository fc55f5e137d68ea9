// Time of a lookup in our router beside its peers, in rounds that take turns; then of building a URL.
//
//   npm run bench:router -- [--quick] [--sizes 10,1000] [--rounds n] [--only ours,memoirist] [--overlaps] [--json file]
//
// --only takes beginnings of names: "hono" is all of hono's routers, "urlFor" the URLs. --overlaps has rules such as
// /users/new beside /users/:id, which hono's RegExpRouter refuses. What counts is the ratio to the best peer in the same
// round; ours is there twice, to show the noise.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compete } from "./routers/compete.mjs";
import { contestants, notes } from "./routers/contestants.mjs";
import { describe, summarize, summarizeUrls } from "./routers/report.mjs";
import { kinds } from "./routers/rules.mjs";
import { builders, compiler, shapes } from "./routers/url-builders.mjs";

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

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { cwd: root, stdio: "inherit" });
if (built.status !== 0) process.exit(1);

const plan = { rounds, milliseconds: values.quick ? 3 : 5, seconds: values.quick ? 15 : 25, overlaps: values.overlaps };
const extra = { "build ms": ({ milliseconds }) => milliseconds, "bytes/rule": ({ bytes }) => bytes };
const integer = new Intl.NumberFormat("en");
const bySize = new Map();

for (const size of names.length === 0 ? [] : sizes) {
  const title = `${integer.format(size)} rules`;
  const results = await compete(new URL("routers/lookup.mjs", import.meta.url), names, { ...plan, kinds, size }, title);
  bySize.set(size, results);
  console.log(`\n${title} (ns per lookup, median of ${rounds} rounds; ratio: this / the best peer, in the same round)`);
  console.log(describe(results, kinds, { extra }));
}

let urls = {};
if (isWanted("urlFor")) {
  const module = new URL("routers/url-for.mjs", import.meta.url);
  urls = await compete(module, Object.keys(builders), { ...plan, kinds: Object.keys(shapes) }, "urlFor");
  console.log(`\nurlFor (ns per URL, median of ${rounds} rounds; ratio: this / compile(), in the same round)`);
  console.log(describe(urls, Object.keys(shapes), { reference: compiler }));
}

const summary = summarize(bySize);
if (summary !== "") console.log(`\nSummary (hits; ratio: ours / that peer, or the best of its kind)\n${summary}`);
if (summarizeUrls(urls) !== "") console.log(`\n${summarizeUrls(urls)}`);
if (bySize.size > 0) console.log(`\n${notes.join("\n")}`);

if (values.json !== undefined) {
  const { version, arch, platform } = process;
  const json = { node: version, platform, arch, rounds, lookups: Object.fromEntries(bySize), urlFor: urls };
  writeFileSync(values.json, `${JSON.stringify(json, undefined, 2)}\n`);
}
