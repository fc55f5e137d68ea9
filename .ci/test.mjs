// Runs the tests. In a pipe or a file, the output has no colors, although the runner itself would write them.
//
//   node .ci/test.mjs [arguments of vitest run]     such as test/core, or -t "some title"
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const config = fileURLToPath(new URL("../test/vitest.config.ts", import.meta.url));
const plain = process.stdout.isTTY !== true && process.env.FORCE_COLOR === undefined;

const { status } = spawnSync(process.execPath, [vitest, "run", "--config", config, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: plain ? { ...process.env, NO_COLOR: "1" } : process.env,
});
process.exitCode = status ?? 1;
