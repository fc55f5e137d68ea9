// The versions of Node that are measured: the one that runs the benchmark, and those that the peers' package.json has.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsageError } from "../usage-error.mjs";

const [own] = process.versions.node.split(".");

/** Names as `--node` takes them, the one that runs this first. */
export const known = [...new Set([own, "24"])];

/** `{ name, path, version }` of one. @throws UsageError where it is not installed. */
export function findNode(name) {
  if (name === own) return { name, path: process.execPath, version: process.version };
  const path = fileURLToPath(new URL(`../node_modules/node${name}/bin/node${process.platform === "win32" ? ".exe" : ""}`, import.meta.url));
  if (!existsSync(path)) {
    throw new UsageError(
      `Cannot find Node ${name}: the installation script of node${name} in test/bench has not run. Do without it by --node ${own}.`,
    );
  }
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return { name, path, version: stdout.trim() };
}
