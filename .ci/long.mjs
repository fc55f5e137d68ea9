// Runs the random tests of the router and of sessions for longer and with another seed, and the tests of processes that start, end
// and are killed more often. Prints a line from time to time.
//
//   npm run test:long -- [--pairs 10000000] [--schedules 100000] [--processes 100] [--seed n]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "10000000" },
    schedules: { type: "string", default: "100000" },
    processes: { type: "string", default: "100" },
    seed: { type: "string" },
  },
});
const seed = values.seed ?? String(Date.now() % 2 ** 31);
if (![values.pairs, values.schedules, values.processes, seed].every((each) => /^[1-9]\d{0,9}$/.test(each))) {
  console.error("--pairs, --schedules, --processes and --seed take whole numbers from 1 on.");
  process.exit(2);
}
console.error(`${values.pairs} pairs, ${values.schedules} schedules, processes ${values.processes} times as often, seed ${seed}`);
const tests = [
  "core/router-differential",
  "core/router-round-trip",
  "session/schedules",
  "session/backends/counting",
  "session/proxied",
  "examples/cluster-primary",
].map((name) => `test/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [fileURLToPath(new URL("test.mjs", import.meta.url)), ...tests], {
  stdio: "inherit",
  env: { ...process.env, MINI_PAIRS: values.pairs, MINI_SCHEDULES: values.schedules, MINI_PROCESSES: values.processes, MINI_SEED: seed },
});
process.exitCode = status ?? 1;
