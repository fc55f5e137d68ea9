// Builds packages/*/dist from scratch, each package after those that it needs: the code without comments (except those for
// bundlers), the types with the comments that editors show, and for both a map to the sources, which are packed too. Also puts a
// CHANGELOG.md into each package. Runs tsc with Node itself, so that it also works where no shell finds node_modules/.bin.
//
//   node .ci/build.mjs [repository]     left out, this one
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const own = fileURLToPath(new URL("..", import.meta.url));
const root = resolve(process.argv[2] ?? own);
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const tsc = join(dirname(manifest), "bin", "tsc");
const folders = ["core", "session"].map((name) => join(root, "packages", name));

for (const folder of folders) rmSync(join(folder, "dist"), { recursive: true, force: true });
run("-b", ...folders);
const onlyCode = [
  "--noCheck",
  "--removeComments",
  "--declaration",
  "false",
  "--declarationMap",
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
  markPureCalls(folder);
  writeFileSync(join(folder, "CHANGELOG.md"), changelogFor(folder));
}

/**
 * Restores the comments that tell bundlers that the value of a constant can be left out with the constant. tsc removes them with
 * all other comments.
 */
function markPureCalls(folder) {
  for (const name of readdirSync(join(folder, "src"), { recursive: true }).filter((each) => each.endsWith(".ts"))) {
    const source = readFileSync(join(folder, "src", name), "utf8");
    const constants = Array.from(source.matchAll(/^(?:export )?const (\w+).* = \/\* @__PURE__ \*\/ /gm), ([, constant]) => constant);
    const file = join(folder, "dist", name.replace(/\.ts$/, ".js"));
    for (const constant of constants) {
      const code = readFileSync(file, "utf8");
      writeFileSync(file, code.replace(new RegExp(`^(?:export )?const ${constant} = `, "m"), "$&/* @__PURE__ */ "));
    }
  }
}

/**
 * The changelog of the repository, which is about all packages. Its links are made absolute, because the package has no documents.
 */
function changelogFor(folder) {
  const { repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = repository.url.replace(/^git\+|\.git$/g, "") + "/blob/main/";
  return readFileSync(join(own, "CHANGELOG.md"), "utf8").replaceAll(/\]\((?!\w+:|#)/g, `](${files}`);
}

/** With a thread that checks types instead of four, which share no types: these programs are small. */
function run(...args) {
  const { status, error } = spawnSync(process.execPath, [tsc, ...args, "--checkers", "1", "--pretty", "false"], { stdio: "inherit" });
  if (status === 0) return;
  console.error(`Cannot build the packages: ${error?.message ?? "see the compiler's messages above"}.`);
  process.exit(1);
}
