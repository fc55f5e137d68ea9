// Builds packages/*/dist from nothing, each package after those it needs: the code without comments, the types with those
// that editors show. Runs tsc with Node itself, so that it also works where no shell finds node_modules/.bin.
//
//   node .ci/build.mjs [repository]     left out, this one
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const tsc = join(dirname(manifest), "bin", "tsc");
const folders = ["core", "session"].map((name) => join(root, "packages", name));

for (const folder of folders) rmSync(join(folder, "dist"), { recursive: true, force: true });
run("-b", ...folders);
const onlyCode = [
  "--removeComments",
  "--declaration",
  "false",
  "--composite",
  "false",
  "--incremental",
  "false",
  "--tsBuildInfoFile",
  "null",
];
for (const folder of folders) {
  run("-p", folder, ...onlyCode);
  for (const name of readdirSync(join(folder, "dist"), { recursive: true }))
    if (name.endsWith(".js")) indentWithTabs(join(folder, "dist", name));
}

/** Saves room; not in a file with a template of several lines, where spaces mean something. */
function indentWithTabs(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  if (lines.some((line) => line.split("`").length % 2 === 0 || line.endsWith("\\"))) return;
  writeFileSync(file, lines.map((line) => line.replace(/^(?: {4})+/, (spaces) => "\t".repeat(spaces.length / 4))).join("\n"));
}

function run(...args) {
  const { status, error } = spawnSync(process.execPath, [tsc, ...args, "--pretty", "false"], { stdio: "inherit" });
  if (status === 0) return;
  console.error(`Cannot build the packages: ${error?.message ?? "see the compiler's messages above"}.`);
  process.exit(1);
}
