import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { buildPackages } from "./build-packages.ts";
import { removeLeftOver } from "./compiled.ts";
import { oncePerRun } from "./once-per-run.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a file's tests ask for the built packages. */
    readonly builtAt: string;
  }
}

/** Both packages, built once for all files of a run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeLeftOver();
  const shared = await oncePerRun(buildPackages, (built) => built);
  project.provide("builtAt", shared.url);
  return async () => {
    const built = await shared.end();
    for (const folder of built === undefined ? [] : [built.consumer, built.tarballs]) rmSync(folder, { recursive: true, force: true });
  };
}
