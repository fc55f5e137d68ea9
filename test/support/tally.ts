import type { Reporter, TestModule } from "vitest/node";

/**
 * Closes a run with one plain line, `12 passed, 0 failed`, that a reader and a script can tell at a glance.
 *
 * A file that could not be loaded and an error outside any test count as failed too.
 */
export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      let broken = module.errors().length > 0;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.result().state === "failed") broken = false;
      }
      if (broken) count.failed += 1;
    }
    const skipped = count.skipped + count.pending;
    console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  }
}
