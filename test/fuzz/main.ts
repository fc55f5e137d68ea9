// The program behind `npm run fuzz`: node --expose-gc --import tsx test/fuzz/main.ts <cookies> <paths> <requests> <frames> <seed>
import { fuzzCookies } from "./cookies.ts";
import { fuzzFrames } from "./frames.ts";
import { fuzzPaths } from "./paths.ts";
import { FindingError } from "./random.ts";
import { fuzzRequests } from "./requests.ts";

const [cookies = 0, paths = 0, requests = 0, frames = 0, seed = 0] = process.argv.slice(2).map(Number);
const fuzzers = [
  { name: "cookies", count: cookies, fuzz: fuzzCookies },
  { name: "paths", count: paths, fuzz: fuzzPaths },
  { name: "requests", count: requests, fuzz: fuzzRequests },
  { name: "frames", count: frames, fuzz: fuzzFrames },
];
const rows: (readonly [name: string, outcome: string, count: number | string])[] = [];

for (const { name, count, fuzz } of fuzzers) {
  if (count === 0) continue;
  const start = performance.now();
  const onProgress = (done: number) => console.error(`${name}: ${done} of ${count}`);
  try {
    const tally = await fuzz({ count, seed, onProgress });
    for (const [outcome, times] of [...tally].toSorted(([one], [other]) => (one < other ? -1 : 1))) rows.push([name, outcome, times]);
    rows.push([name, "seconds", ((performance.now() - start) / 1000).toFixed(1)]);
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
    rows.push([name, "FOUND", error.message]);
    process.exitCode = 1;
  }
}
for (const [name, outcome, count] of rows) console.log(`${name.padEnd(10)}${outcome.padEnd(30)}${count}`);
