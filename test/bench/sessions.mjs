// CPU time of server-side sessions of ours beside their peers and beside bare node:http with a Map, LMDB, Redis or
// Postgres, in rounds that take turns; then clients that change one session, the backends' operations without HTTP, and
// what more processes add. Redis and Postgres are started where redis-server and initdb are, and else left out.
//
//   npm run bench:sessions -- [--quick] [--rounds n] [--seconds n] [--only part or medium, ...] [--json file]
//
//   --only    of read, change, contention, operations and processes, and of memory, lmdb, redis and postgres; when none
//             of the parts is named, or none of the media, it is all of them: --only change,redis or --only postgres
//
// What counts is the ratio to the first row, the floor, in the same round; it is measured twice, to show the noise.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { groups as subjectGroups, measureContention } from "./sessions/contention.mjs";
import { endDatabases, startDatabases } from "./sessions/databases.mjs";
import { measureRequests, scenarios } from "./sessions/http.mjs";
import { groups as operationGroups, measureOperations } from "./sessions/operations.mjs";
import { measureProcesses, media as sharedMedia } from "./sessions/processes.mjs";
import { describeContention, describeOperations, describeProcesses, describeRequests, lostUpdates, summarize } from "./sessions/report.mjs";

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

const parts = ["read", "change", "contention", "operations", "processes"];
const media = ["memory", "LMDB", "Redis", "Postgres"];
const named = values.only?.split(",") ?? [];
const nameOf = (medium) => medium.toLowerCase();
const known = [...parts, ...media.map(nameOf)];
const unknown = named.find((each) => !known.includes(each));
if (unknown !== undefined) fail(`--only takes ${known.join(", ")}, with commas between them; "${unknown}" is none.`);

/** Those that are named, or else all. */
const chosen = (all, name = (each) => each) =>
  all.some((each) => named.includes(name(each))) ? all.filter((each) => named.includes(name(each))) : all;
const wanted = chosen(parts);
const wantedMedia = chosen(media, nameOf);

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { cwd: root, stdio: "inherit" });
if (built.status !== 0) process.exit(1);

const load = loadavg();
const plan = { rounds, seconds, milliseconds: values.quick ? 40 : 150 };
const results = { requests: {}, contention: {}, operations: {}, processes: {} };

const databases = await startDatabases(wantedMedia);
let ending;
const end = () => (ending ??= endDatabases(databases));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end().finally(() => process.exit(1)));

async function measureAll() {
  const isThere = (medium) => !["Redis", "Postgres"].includes(medium) || databases.has(medium);
  const there = wantedMedia.filter(isThere);
  const missing = wantedMedia.filter((medium) => !isThere(medium));
  if (missing.length > 0) console.log(`Left out: ${missing.join(" and ")}, which this machine does not have.`);

  for (const title of Object.keys(scenarios)) {
    const [part, medium] = title.split(", ");
    if (!wanted.includes(part) || !there.includes(medium)) continue;
    const figures = await measureRequests(title, plan);
    results.requests[title] = figures;
    console.log(`\n${title} (us of CPU per request, median of ${rounds} rounds; ratio: this / the first, in the same round)`);
    console.log(describeRequests(figures));
  }

  if (wanted.includes("contention")) results.contention = await measureContention(there, plan);
  for (const [clients, figures] of Object.entries(results.contention)) {
    const title = clients === "1" ? "1 client" : `${clients} clients`;
    console.log(
      `\nOne counter in one session, ${title} (medians of ${rounds} rounds, and sums; lost: answers with 200 that nobody counted)`,
    );
    const groups = there.map((medium) => subjectGroups[medium]);
    console.log(describeContention(figures, groups));
  }

  if (wanted.includes("operations")) {
    const titles = Object.keys(operationGroups).filter((title) => there.includes(title.split(" ")[0]));
    results.operations = await measureOperations(titles, plan);
    console.log(`\nOperations (us each, median of ${rounds} rounds; ratio: this / the first of its kind, in the same round)`);
    console.log(describeOperations(results.operations, Object.fromEntries(titles.map((title) => [title, operationGroups[title]]))));
  }

  if (!wanted.includes("processes")) return;
  for (const medium of sharedMedia.filter((each) => there.includes(each))) {
    const measured = await measureProcesses(medium, databases.get(medium), plan);
    for (const [title, figures] of Object.entries(measured)) {
      results.processes[title] = figures;
      console.log(`\n${title}, more processes on ${cpus().length} cores (us of CPU per answer, medians of ${rounds} rounds)`);
      console.log(describeProcesses(figures));
    }
  }
}

try {
  await measureAll();
} finally {
  await end();
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
