// Checks the types of everything, each program by itself: global declarations of a program, such as its rules in `interface
// Register`, must not affect the next. Programs are the packages with their tests (tsconfig.json, which has the *.test-d.ts as
// well), every example with its test, and every folder of test/types that has a tsconfig.json.
//
//   node .ci/check.mjs [--list]     --list: names the files of all programs as well, and checks in one thread, which takes less processor time
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const modes = process.argv[2] === "--list" ? ["--noEmit", "--listFiles", "--checkers", "1"] : ["--noEmit"];

const folders = ["examples", "test/types"].flatMap((parent) =>
  existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => join(parent, name)) : [],
);
const programs = [
  "tsconfig.json",
  ...folders.map((folder) => join(folder, "tsconfig.json")).filter((file) => existsSync(join(root, file))),
];

for (const program of programs) {
  const { status } = spawnSync(process.execPath, [tsc, ...modes, "-p", program], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error(`The types of ${program} are wrong, or tsc did not run: see its messages above.`);
    process.exitCode = 1;
  }
}
