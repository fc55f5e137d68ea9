// Runs the random tests of the router for longer, and with another seed: prints a line for each million pairs.
//
//   npm run test:long -- [--pairs 10000000] [--seed n]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { pairs: { type: "string", default: "10000000" }, seed: { type: "string" } } });
const seed = values.seed ?? String(Date.now() % 2 ** 31);
if (![values.pairs, seed].every((each) => /^[1-9]\d{0,9}$/.test(each))) {
  console.error("--pairs and --seed take whole numbers from 1 on.");
  process.exit(2);
}
console.error(`${values.pairs} pairs, seed ${seed}`);
const tests = ["router-differential", "router-round-trip"].map((name) => `test/core/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [fileURLToPath(new URL("test.mjs", import.meta.url)), ...tests], {
  stdio: "inherit",
  env: { ...process.env, MINI_PAIRS: values.pairs, MINI_SEED: seed },
});
process.exitCode = status ?? 1;
