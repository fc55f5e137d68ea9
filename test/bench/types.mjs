// What the types of rules cost: `tsc --noEmit` of an application with many rules, less that of one with a single rule, in
// rounds that take turns. Ends with 1 when the median of CPU time is over the budget, or when the compiler does not find
// exactly the faults that a second application has.
//
//   npm run bench:types -- [--rules n] [--rounds n] [--budget seconds] [--one-list] [--keep]
//
// The packages are compiled as users have them: from their declarations. --one-list: all rules in one list, without
// factories. --keep: leaves the applications where they are, and says where.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { emptyApp, manyRules, withFaults } from "./types-app.mjs";

const { values } = parseArgs({
  options: {
    rules: { type: "string", default: "500" },
    rounds: { type: "string", default: "7" },
    budget: { type: "string", default: "3" },
    "one-list": { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const [rules, rounds, budget] = ["rules", "rounds", "budget"].map((name) => {
  const value = Number(values[name]);
  if (!(value > 0) || (name !== "budget" && !Number.isInteger(value))) throw new Error(`--${name} ${values[name]} is no number above 0.`);
  return value;
});

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

const compilerOptions = {
  target: "es2023",
  lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

function write(folder, files) {
  for (const scope of ["@mini", "@types"]) mkdirSync(join(folder, "node_modules", scope), { recursive: true });
  symlinkSync(join(root, "packages/core"), join(folder, "node_modules/@mini/core"), "junction");
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Seconds of wall and of CPU, the compiler's own processes included, and what it says. The shell's `times` counts them. */
function compile(folder) {
  const started = performance.now();
  const { stdout, status, error } = spawnSync("sh", ["-c", '"$@"; times', "sh", process.execPath, tsc, "-p", folder, "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`Cannot run the compiler in a shell: ${error?.message ?? stdout}`);
  const wall = (performance.now() - started) / 1000;
  const lines = stdout.trimEnd().split("\n");
  const children = Array.from(lines.at(-1).matchAll(/(\d+)m([\d.]+)s/g), ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds));
  return { wall, cpu: children[0] + children[1], output: lines.slice(0, -2).join("\n") };
}

function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What the compiler must say of the application with faults, in any order, and nothing else. */
const expected = [
  [
    /^main\.ts\(/,
    /is not assignable to type .*handler method \\"get\\" does not accept the parameters of \\"[^"]*\/:id\\": it takes \{ id: another type \}/,
  ],
  [/^main\.ts\(/, /Type 'Date' is not assignable to type 'Scalar'/],
];

function wrongFindings(output) {
  const messages = output.split(/\n(?=\S)/).filter(Boolean);
  const fits = ([place, text]) => messages.some((message) => place.test(message) && text.test(message));
  return messages.length === expected.length && expected.every(fits) ? undefined : output;
}

const say = (text) => process.stderr.write(process.stderr.isTTY ? `\r${text.padEnd(60)}` : `${text}\n`);

const built = spawnSync(process.execPath, [join(root, ".ci/build.mjs")], { cwd: root, stdio: ["ignore", 2, 2] });
if (built.status !== 0) process.exit(1);

const folder = realpathSync(mkdtempSync(join(tmpdir(), "mini-types-")));
try {
  const many = manyRules(rules, values["one-list"]);
  const programs = [
    { title: "1 rule", folder: write(join(folder, "empty"), emptyApp), runs: [] },
    { title: `${rules} rules`, folder: write(join(folder, "many"), many), runs: [] },
  ];
  say("an application with faults");
  const wrong = wrongFindings(compile(write(join(folder, "faults"), withFaults(many))).output);
  if (wrong !== undefined) throw new Error(`The compiler should find one wrong handler and one wrong urlFor(), and says:\n${wrong}`);

  for (let round = 0; round <= rounds; round++) {
    for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
      say(round === 0 ? `warm-up, ${program.title}` : `round ${round} of ${rounds}, ${program.title}`);
      const { output, ...run } = compile(program.folder);
      if (output !== "") throw new Error(`The application of ${program.title} should compile, and the compiler says:\n${output}`);
      if (round > 0) program.runs.push(run);
    }
  }
  say("");

  const figures = (of) => ({ wall: median(of.map(({ wall }) => wall)), cpu: median(of.map(({ cpu }) => cpu)) });
  const [empty, full] = programs;
  const difference = full.runs.map((run, i) => ({ wall: run.wall - empty.runs[i].wall, cpu: run.cpu - empty.runs[i].cpu }));
  const rows = [...programs.map(({ title, runs }) => [title, figures(runs)]), ["difference", figures(difference)]];
  console.log(`tsc --noEmit, seconds, median of ${rounds} rounds (difference: within the same round)\n`);
  console.log(`${"".padEnd(14)}${"wall".padStart(8)}${"CPU".padStart(8)}`);
  for (const [title, { wall, cpu }] of rows) console.log(`${title.padEnd(14)}${wall.toFixed(2).padStart(8)}${cpu.toFixed(2).padStart(8)}`);

  const { cpu } = figures(difference);
  console.log(`\n${cpu <= budget ? "within" : "OVER"} the budget of ${budget} s of CPU`);
  if (cpu > budget) process.exitCode = 1;
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
} finally {
  if (values.keep) console.error(folder);
  else rmSync(folder, { recursive: true, force: true });
}
