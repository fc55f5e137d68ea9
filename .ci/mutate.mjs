// Mutation tests: changes important code in small ways, one at a time, and runs the tests of its module on each change. Ends
// with a table of how many changes the tests noticed, and with code 1 when it is less than 85 % in a module. The changes are
// made in a copy in a temporary folder. One module takes some minutes, and is stopped after 30.
//
//   npm run test:mutation -- [module ...] [--incremental]     without names: all modules, the fastest first
//
// --incremental continues from the last run, in test/mutation/results: only sources that changed since are tried again. It
// notices new and removed tests, but not changes in the code of a test or in what it imports.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { modules } from "../test/mutation/modules.mjs";

const lowest = 85;
const minutes = 30;
const root = resolve(fileURLToPath(new URL("..", import.meta.url)));
const tools = join(root, "test", "mutation");
const results = join(tools, "results");

const { values, positionals } = parseArgs({ allowPositionals: true, options: { incremental: { type: "boolean", default: false } } });
const unknown = positionals.filter((name) => !Object.hasOwn(modules, name));
if (unknown.length > 0) {
  console.error(`There is no module ${unknown.join(", ")}: write some of ${Object.keys(modules).join(", ")}, or none for all.`);
  process.exit(2);
}
const install = spawnSync(process.execPath, [join(root, ".ci", "install.mjs"), "test/mutation"], { stdio: "inherit" });
if (install.status !== 0) process.exit(install.status ?? 1);

mkdirSync(results, { recursive: true });
const rows = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(modules)) {
  const started = performance.now();
  const files = run(name);
  rows.push({ name, seconds: (performance.now() - started) / 1000, counts: files && count(files) });
  if (files) listSurvivors(name, files);
}
printTable();

/**
 * The settings of the tests, with the tests of only one module, because for a change in code that runs when a file is loaded,
 * Stryker runs all tests of the settings. The settings leave out what would take most of the time: the scan of every response.
 */
function testSettings(tests) {
  const include = JSON.stringify(tests.map((test) => `test/${test}.test.ts`));
  return `
import config from "./test/vitest.config.ts";
const changes = { include: ${include}, setupFiles: ["test/support/per-file-setup.ts"], globalSetup: [], reporters: [] };
export default { ...config, test: { ...config.test, ...changes } };
`;
}

/** Tries the changes of one module. Returns the report's files, or undefined if there is no report. */
function run(name) {
  const folder = copy();
  const report = join(folder, "report.json");
  try {
    writeFileSync(join(folder, "vitest.config.ts"), testSettings(modules[name].tests));
    writeFileSync(join(folder, "stryker.json"), JSON.stringify(settings(modules[name], name, report)));
    const stryker = join(tools, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
    console.error(`\n${name}: ${modules[name].sources.join(", ")}`);
    const { error } = spawnSync(process.execPath, [stryker, "run", "stryker.json"], {
      cwd: folder,
      stdio: "inherit",
      timeout: minutes * 60_000,
      env: { ...process.env, NO_COLOR: "1", MINI_MEDIA: "memory", ...modules[name].env },
    });
    if (error !== undefined) console.error(`${name} was given up: ${error.message}`);
    return existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).files : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The repository in a temporary folder, with links to what is installed. */
function copy() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mini-mutation-")));
  const left = new Set([".git", "node_modules", "dist", "coverage", "results", "screenshots", "data"]);
  cpSync(root, folder, { recursive: true, filter: (path) => !left.has(basename(path)) });
  mkdirSync(join(folder, "node_modules", "@mini"), { recursive: true });
  const link = (from, to) => symlinkSync(from, join(folder, "node_modules", to), "junction");
  // The workspace's own links would lead back to code without changes.
  for (const name of ["core", "session"]) link(join(folder, "packages", name), `@mini/${name}`);
  const installed = readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith(".") && name !== "@mini");
  for (const name of installed) link(join(root, "node_modules", name), name);
  return folder;
}

function settings({ sources }, name, report) {
  return {
    mutate: sources,
    testRunner: "vitest",
    plugins: [join(tools, "node_modules", "@stryker-mutator", "vitest-runner", "dist", "src", "index.js")],
    vitest: { configFile: "vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    concurrency: 2,
    // Long, so that a busy machine is not mistaken for an endless loop; endless loops in code are found by counting.
    timeoutMS: 60_000,
    // A sandbox would have links to the workspace's packages, which lead out of it.
    inPlace: true,
    // Stryker would read it with a function of the compiler that TypeScript 7 does not have.
    tsconfigFile: "none.json",
    reporters: ["progress-append-only", "json"],
    jsonReporter: { fileName: report },
    incremental: values.incremental,
    incrementalFile: join(results, `${name}.json`),
    allowConsoleColors: false,
    disableTypeChecks: true,
    warnings: false,
  };
}

function count(files) {
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const of = (wanted) => statuses.filter((status) => status === wanted).length;
  const found = { killed: of("Killed"), timedOut: of("Timeout"), survived: of("Survived"), uncovered: of("NoCoverage") };
  const noticed = found.killed + found.timedOut;
  const all = noticed + found.survived + found.uncovered;
  return { ...found, all, failed: statuses.length - all, score: all === 0 ? 0 : (100 * noticed) / all };
}

function listSurvivors(name, files) {
  const lines = Object.entries(files).flatMap(([file, { mutants, source }]) =>
    mutants
      .filter(({ status }) => status === "Survived" || status === "NoCoverage")
      .map(({ location: { start, end }, replacement = "", mutatorName, status }) => {
        const text = source.split("\n");
        const last =
          start.line === end.line
            ? text[start.line - 1].slice(start.column - 1, end.column - 1)
            : `${text[start.line - 1].slice(start.column - 1)} ...`;
        return `${status} ${file}:${start.line}:${start.column} ${mutatorName}: ${last}  ->  ${replacement.replace(/\s+/g, " ")}`;
      }),
  );
  if (lines.length > 0) console.log(`\n${name}: what no test has noticed\n${lines.join("\n")}`);
}

function printTable() {
  console.log("\n| Module | Mutants | Killed | Timed out | Survived | No coverage | Score | Minutes |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const { name, counts, seconds } of rows) {
    const took = (seconds / 60).toFixed(1);
    if (counts === undefined) {
      console.log(`| ${name} | not finished | | | | | | ${took} |`);
      process.exitCode = 1;
      continue;
    }
    const { all, killed, timedOut, survived, uncovered, score } = counts;
    console.log(`| ${name} | ${all} | ${killed} | ${timedOut} | ${survived} | ${uncovered} | ${score.toFixed(1)} % | ${took} |`);
    if (counts.failed > 0) console.log(`${counts.failed} more could not be tried.`);
    if (score < lowest) process.exitCode = 1;
  }
  if (process.exitCode === 1) console.error(`\nEach module needs ${lowest} %.`);
}
