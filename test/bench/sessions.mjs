// More about server-side sessions than `npm run bench` measures: LMDB, SQLite and Postgres beside memory and Redis, clients that
// change one session, the backends' operations without HTTP, and what more processes add. Redis and Postgres are started
// where redis-server and initdb are, and else left out.
//
//   npm run bench:sessions -- [--quick] [--rounds n] [--seconds n] [--only part or medium, ...] [--json file]
//
//   --only    of read, change, contention, operations and processes, and of memory, lmdb, sqlite, redis and postgres; when
//             none of the parts is named, or none of the media, it is all of them: --only change,redis or --only postgres
//
// What counts is the ratio to the first row, the floor, in the same round; it is measured twice, to show the noise.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { buildPackages } from "./measure/build.mjs";
import { runToEnd } from "./measure/children.mjs";
import { describeMachine } from "./measure/machine.mjs";
import { Progress } from "./measure/progress.mjs";
import { describe } from "./report/table.mjs";
import { groups as subjectGroups, measureContention } from "./sessions/contention.mjs";
import { endDatabases, startDatabases } from "./sessions/databases.mjs";
import { groups as operationGroups, measureOperations } from "./sessions/operations.mjs";
import { measureProcesses, media as sharedMedia } from "./sessions/processes.mjs";
import { describeContention, describeOperations, describeProcesses, lostUpdates, summarize } from "./sessions/report.mjs";
import { measureScenario, scenarios } from "./sessions/scenarios.mjs";

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
const media = ["memory", "LMDB", "SQLite", "Redis", "Postgres"];
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

const node = { name: "", path: process.execPath, version: process.version };
const progress = new Progress();
const plan = { rounds, seconds, milliseconds: values.quick ? 40 : 150, node, progress };
const results = { requests: {}, contention: {}, operations: {}, processes: {} };

/** Prints over the line of progress. */
function print(text) {
  progress.clear();
  console.log(text);
}

async function measureAll(databases) {
  const isThere = (medium) => !["Redis", "Postgres"].includes(medium) || databases.has(medium);
  const there = wantedMedia.filter(isThere);
  const missing = wantedMedia.filter((medium) => !isThere(medium));
  if (missing.length > 0) print(`Left out: ${missing.join(" and ")}, which this machine does not have.`);

  for (const [name, { medium }] of Object.entries(scenarios)) {
    if (!wanted.includes(name.split("-")[0]) || !there.includes(medium)) continue;
    const result = await measureScenario(name, plan);
    results.requests[name] = result;
    print(`\n${result.title} (us of CPU per request, medians of ${rounds} rounds)\n${describe(result)}`);
  }

  if (wanted.includes("contention")) results.contention = await measureContention(there, plan);
  for (const [clients, figures] of Object.entries(results.contention)) {
    const title = clients === "1" ? "1 client" : `${clients} clients`;
    print(`\nOne counter in one session, ${title} (medians of ${rounds} rounds, and sums; lost: answers with 200 that nobody counted)`);
    const groups = there.map((medium) => subjectGroups[medium]);
    console.log(describeContention(figures, groups));
  }

  if (wanted.includes("operations")) {
    const titles = Object.keys(operationGroups).filter((title) => there.includes(title.split(" ")[0]));
    results.operations = await measureOperations(titles, plan);
    print(`\nOperations (us each, median of ${rounds} rounds; ratio: this / the first of its kind, in the same round)`);
    console.log(describeOperations(results.operations, Object.fromEntries(titles.map((title) => [title, operationGroups[title]]))));
  }

  if (!wanted.includes("processes")) return;
  const alone = there.filter((medium) => !sharedMedia.includes(medium));
  if (alone.length > 0) print(`\nLeft out: more processes with ${alone.join(" and ")}, where only one can have the sessions.`);
  for (const medium of sharedMedia.filter((each) => there.includes(each))) {
    const measured = await measureProcesses(medium, databases.get(medium), plan);
    for (const [title, figures] of Object.entries(measured)) {
      results.processes[title] = figures;
      print(`\n${title}, more processes on ${cpus().length} cores (us of CPU per answer, medians of ${rounds} rounds)`);
      console.log(describeProcesses(figures));
    }
  }
}

async function bench() {
  buildPackages();
  const machine = describeMachine([{ ...node, name: process.versions.node.split(".")[0] }]);
  const databases = await startDatabases(wantedMedia);
  try {
    await measureAll(databases);
  } finally {
    await endDatabases(databases);
  }
  print(`\n${summarize(results)}\nLoad of the machine at the start: ${machine.load.toFixed(1)} on ${machine.cores} cores.`);
  const json = { ...machine, rounds, seconds, milliseconds: plan.milliseconds, ...results };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, undefined, 2)}\n`);
  return lostUpdates(results.contention).length > 0 ? 1 : 0;
}

await runToEnd(bench);
