// The program behind `npm run soak`: node --import tsx test/soak/main.ts <seconds> [file]
import { writeFileSync } from "node:fs";
import { soak } from "./soak.ts";
import { plot } from "./verdict.ts";

const [seconds = "600", file] = process.argv.slice(2);
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, count) => all + count, 0);

const { counts, samples, processes, growth, problems } = await soak({
  length: { seconds: Number(seconds) },
  withDatabases: true,
  onSample: ({ at, rss, heapUsed }, load) =>
    console.error(
      `${at.toFixed(0)} s: ${sum(load.counts)} requests, ${load.failures.length} failed, heap ${mebibytes(heapUsed)} MiB, resident ${mebibytes(rss)} MiB`,
    ),
});
if (file !== undefined) writeFileSync(file, plot(samples));
for (const [kind, count] of Object.entries(counts)) console.log(`${kind.padEnd(28)}${count}`);
console.log(`${"processes that came and went".padEnd(28)}${processes}`);
console.log(`${"growth in the second half".padEnd(28)}${(growth / 1024).toFixed(0)} KiB`);
console.log(problems.length === 0 ? "Passed." : problems.join("\n"));
if (problems.length > 0) process.exitCode = 1;
