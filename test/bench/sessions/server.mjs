// One subject as a process of its own: node server.mjs <module> <variant> [folder]. Says its port, and its CPU time when
// asked; without a folder that it shares it has one for its files as long as it runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [module, variant, shared] = process.argv.slice(2);
const folder = shared ?? mkdtempSync(join(tmpdir(), "mini-bench-"));
if (shared === undefined) process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());
const { start } = await import(`./servers/${module}.mjs`);
process.send({ port: await start(variant, folder) });
process.on("message", () => process.send({ cpu: process.cpuUsage() }));
