// Tries millions of random cookies, paths, raw requests and frames of HTTP/2. Prints a line from time to time, and a table at the
// end. If it finds a fault, it prints the input and ends with code 1.
//
//   npm run fuzz -- [--cookies 1000000] [--paths 1000000] [--requests 100000] [--frames 20000] [--seed n]     0: none of that kind
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    cookies: { type: "string", default: "1000000" },
    paths: { type: "string", default: "1000000" },
    requests: { type: "string", default: "100000" },
    frames: { type: "string", default: "20000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const { cookies, paths, requests, frames, seed } = values;
const numbers = [cookies, paths, requests, frames, seed];
if (!numbers.every((each) => /^\d{1,10}$/.test(each))) {
  console.error("--cookies, --paths, --requests, --frames and --seed take whole numbers.");
  process.exit(2);
}
console.error(`${cookies} cookies, ${paths} paths, ${requests} requests, ${frames} connections with frames, seed ${seed}`);
const root = fileURLToPath(new URL("..", import.meta.url));
const args = ["--expose-gc", "--import", "tsx", "test/fuzz/main.ts", ...numbers];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
