// Runs the random tests of the router and of sessions for longer, and with another seed: prints a line now and then.
//
//   npm run test:long -- [--pairs 10000000] [--schedules 100000] [--seed n]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "10000000" },
    schedules: { type: "string", default: "100000" },
    seed: { type: "string" },
  },
});
const seed = values.seed ?? String(Date.now() % 2 ** 31);
if (![values.pairs, values.schedules, seed].every((each) => /^[1-9]\d{0,9}$/.test(each))) {
  console.error("--pairs, --schedules and --seed take whole numbers from 1 on.");
  process.exit(2);
}
console.error(`${values.pairs} pairs, ${values.schedules} schedules, seed ${seed}`);
const tests = ["core/router-differential", "core/router-round-trip", "session/schedules"].map((name) => `test/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [fileURLToPath(new URL("test.mjs", import.meta.url)), ...tests], {
  stdio: "inherit",
  env: { ...process.env, MINI_PAIRS: values.pairs, MINI_SCHEDULES: values.schedules, MINI_SEED: seed },
});
process.exitCode = status ?? 1;
