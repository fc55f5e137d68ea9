// Builds packages/*/dist from nothing, in the order of their dependencies. Runs tsc with Node itself, so that it also works
// where no shell finds node_modules/.bin.
//
//   node .ci/build.mjs [repository]     left out, this one
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const tsc = join(dirname(manifest), "bin", "tsc");

for (const name of ["core", "session"]) {
  const folder = join(root, "packages", name);
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const { status, error } = spawnSync(process.execPath, [tsc, "-p", join(folder, "tsconfig.json")], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`Cannot build packages/${name}: ${error?.message ?? "see the compiler's messages above"}.`);
    process.exit(1);
  }
}
