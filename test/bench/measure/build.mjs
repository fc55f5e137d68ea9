// Builds the packages, because it is the built ones that are measured.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export function buildPackages() {
  const { status } = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { cwd: root, stdio: ["ignore", 2, "inherit"] });
  if (status !== 0) throw new Error("The packages could not be built.");
}
