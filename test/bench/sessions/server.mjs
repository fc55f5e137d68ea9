// One subject as a process of its own: node server.mjs <module> [variant]. Says its port, and its CPU time when asked;
// has a folder for its files as long as it runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [module, variant] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());
const { start } = await import(`./servers/${module}.mjs`);
process.send({ port: await start(variant, folder) });
process.on("message", () => process.send({ cpu: process.cpuUsage() }));
