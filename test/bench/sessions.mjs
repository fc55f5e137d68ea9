// CPU time of server-side sessions of ours beside their peers and beside bare node:http with a Map or LMDB, in rounds
// that take turns; then clients that change one session, and the backends' operations without HTTP.
//
//   npm run bench:sessions -- [--quick] [--rounds n] [--seconds n] [--only read,change,contention,operations] [--json file]
//
// What counts is the ratio to the first row, the floor, in the same round; it is measured twice, to show the noise.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { groups as subjectGroups, measureContention } from "./sessions/contention.mjs";
import { measureRequests, scenarios } from "./sessions/http.mjs";
import { groups as operationGroups, measureOperations } from "./sessions/operations.mjs";
import { describeContention, describeOperations, describeRequests, lostUpdates, summarize } from "./sessions/report.mjs";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
    json: { type: "string" },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}

const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
const seconds = Number(values.seconds ?? (values.quick ? 0.25 : 1));
if (!(Number.isInteger(rounds) && rounds > 0)) fail("--rounds takes a whole number from 1 on.");
if (!(seconds > 0)) fail("--seconds takes a number over 0.");

const parts = ["read", "change", "contention", "operations"];
const wanted = values.only?.split(",") ?? parts;
const unknown = wanted.find((part) => !parts.includes(part));
if (unknown !== undefined) fail(`--only takes ${parts.join(", ")}, with commas between them; "${unknown}" is none.`);

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { cwd: root, stdio: "inherit" });
if (built.status !== 0) process.exit(1);

const load = loadavg();
const plan = { rounds, seconds, milliseconds: values.quick ? 40 : 150 };
const results = { requests: {}, contention: {}, operations: {} };

for (const title of Object.keys(scenarios)) {
  if (!wanted.includes(title.split(",")[0])) continue;
  const figures = await measureRequests(title, plan);
  results.requests[title] = figures;
  console.log(`\n${title} (us of CPU per request, median of ${rounds} rounds; ratio: this / the first, in the same round)`);
  console.log(describeRequests(figures));
}

if (wanted.includes("contention")) results.contention = await measureContention(plan);
for (const [clients, figures] of Object.entries(results.contention)) {
  const title = clients === "1" ? "1 client" : `${clients} clients`;
  console.log(`\nOne counter in one session, ${title} (medians of ${rounds} rounds, and sums; lost: answers with 200 that nobody counted)`);
  console.log(describeContention(figures, subjectGroups));
}

if (wanted.includes("operations")) {
  results.operations = await measureOperations(plan);
  console.log(`\nOperations (us each, median of ${rounds} rounds; ratio: this / the first of its kind, in the same round)`);
  console.log(describeOperations(results.operations, operationGroups));
}

console.log(
  `\n${[summarize(results), `Load of the machine at the start: ${load[0].toFixed(1)} on ${cpus().length} cores.`].join("\n").trim()}`,
);

if (values.json !== undefined) {
  const { version, arch, platform } = process;
  const json = { node: version, platform, arch, cpus: cpus().length, load, ...plan, ...results };
  writeFileSync(values.json, `${JSON.stringify(json, undefined, 2)}\n`);
}
if (lostUpdates(results.contention).length > 0) process.exitCode = 1;
