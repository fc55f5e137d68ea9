import type { Reporter, TestModule } from "vitest/node";

/** The beginning of a line that says which tests are left out, and why. */
export const leftOut = "LEFT OUT: ";

/**
 * Repeats at the end which tests were left out, and why, right above the last lines of the runner, where it is easily seen. With CI=true a test that is left out is a failure of the run.
 *
 * It comes before the runner's own reporter, so that the output of the run ends with the lines of the runner.
 */
export class LeftOut implements Reporter {
  readonly #reasons = new Set<string>();

  onUserConsoleLog({ content }: { readonly content: string }): void {
    for (const line of content.split("\n")) if (line.startsWith(leftOut)) this.#reasons.add(line);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = [...this.#reasons];
    for (const module of modules) {
      const count = [...module.children.allTests("skipped")].length;
      if (count > 0) lines.push(`${leftOut}${count} ${count === 1 ? "test" : "tests"} of ${module.relativeModuleId}`);
    }
    if (lines.length === 0) return;
    if (process.env.CI === "true") {
      lines.push("CI leaves no test out: this run has failed.");
      process.exitCode = 1;
    }
    console.error(`\n${lines.join("\n")}`);
  }
}
