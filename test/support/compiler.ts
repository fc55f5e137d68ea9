import { join } from "node:path";
import { root } from "./folder.ts";
import { runNode } from "./run-node.ts";
import type { Outcome } from "./run-node.ts";

/** The script of the repository's compiler. */
export const tsc = join(root, "node_modules/typescript/bin/tsc");

/**
 * Runs the repository's compiler. By default it checks the types in four threads, which share no types, so that it needs half as much
 * processor time again; the tests leave that time to other tests.
 */
export function runCompiler(args: readonly string[], cwd: string): Promise<Outcome> {
  return runNode([tsc, "--checkers", "1", "--pretty", "false", ...args], { cwd });
}
