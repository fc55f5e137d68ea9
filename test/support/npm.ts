import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode } from "./run-node.ts";
import type { Outcome } from "./run-node.ts";
import { findProgram } from "./programs.ts";

/**
 * Runs npm without the network, with an empty cache, without the scripts of packages, and without the settings of the npm that may
 * run the tests.
 */
export async function runNpm(args: readonly string[], cwd: string): Promise<Outcome> {
  const env = withoutOuterNpm();
  const cache = mkdtempSync(join(tmpdir(), "mini-npm-"));
  const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--cache", cache];
  try {
    return await runNode([npmScript(), ...args, ...quiet], { cwd, env });
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Variables of the environment that unset those of an npm that runs the tests, such as that of `--silent`. */
export function withoutOuterNpm(): Readonly<Record<string, undefined>> {
  const outer = Object.keys(process.env).filter((name) => /^npm_/i.test(name));
  return Object.fromEntries(outer.map((name) => [name, undefined]));
}

/** Whether npm can ask its registry for a package that is not in its cache. It asks three times, as it does when it installs. */
export async function reachesRegistry(): Promise<boolean> {
  const soon = ["--fetch-timeout=10000", "--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-factor=2"];
  const { code } = await runNode([npmScript(), "ping", ...soon], { cwd: tmpdir() });
  return code === 0;
}

/** The script of npm: of the npm that runs the tests, or else of the one on the PATH. */
export function npmScript(): string {
  const npm = process.env.npm_execpath ?? findProgram("npm");
  if (npm === undefined) throw new Error("npm was not found: run the tests with npm test.");
  return realpathSync(npm);
}
