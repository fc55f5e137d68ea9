// Serves a worker on workerd until its input ends, once for each set of bindings. Its first line names the address of each.
//
//   launch-workerd.mjs <worker>     BINDINGS: JSON such as {"one": {"SECRET_KEY": "..."}}; left out, those of worker.mjs
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const { outputFiles } = await build({
  entryPoints: [process.argv[2]],
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd"],
  external: ["node:*"],
  write: false,
});
const script = outputFiles[0].text;
const kinds = Object.fromEntries(["cookie", "encrypted", "memory", "visits"].map((KIND) => [KIND, { KIND }]));
const all = Object.entries(process.env.BINDINGS === undefined ? kinds : JSON.parse(process.env.BINDINGS));
const workers = all.map(
  ([, bindings]) =>
    new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01", compatibilityFlags: ["nodejs_compat"], bindings }),
);
const urls = await Promise.all(workers.map(async (worker, i) => [all[i][0], String(await worker.ready)]));
console.log(JSON.stringify(Object.fromEntries(urls)));
for await (const line of createInterface({ input: process.stdin })) if (line === "close") break;
await Promise.all(workers.map((worker) => worker.dispose()));
console.log("closed");
