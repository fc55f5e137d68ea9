// Serves the applications on workerd until its input ends. Its first line names the address of each.
//
//   launch-workerd.mjs <worker>
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
const kinds = ["cookie", "encrypted", "memory"];
const workers = kinds.map(
  (KIND) =>
    new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01", compatibilityFlags: ["nodejs_compat"], bindings: { KIND } }),
);
const urls = await Promise.all(workers.map(async (worker, i) => [kinds[i], String(await worker.ready)]));
console.log(JSON.stringify(Object.fromEntries(urls)));
for await (const line of createInterface({ input: process.stdin })) if (line === "close") break;
await Promise.all(workers.map((worker) => worker.dispose()));
console.log("closed");
