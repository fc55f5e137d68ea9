import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";
import type { Outcome } from "../support/run-node.ts";
import { linkInstalled } from "../support/build-packages.ts";
import { mkdirSync } from "node:fs";

const config = `
  import { defineConfig } from "vitest/config";
  import { LeftOut } from ${JSON.stringify(join(root, "test/support/left-out.ts"))};
  export default defineConfig({ test: { include: ["*.test.ts"], reporters: [new LeftOut(), "default"] } });
`;

const needing = (found: string): string => `
  import { expect, test } from "vitest";
  import { need } from ${JSON.stringify(join(root, "test/support/skip.ts"))};
  test("runs anyway", () => expect(1).toBe(1));
  need("a printer", ${found})("the paper", () => {
    test("is white", () => expect(1).toBe(1));
    test("is thin", () => expect(1).toBe(1));
  });
`;

/** Runs one test file as the repository's tests are run. */
function runTests(file: string, CI: "true" | undefined): Promise<Outcome> {
  const folder = temporaryFolder({ "vitest.config.mts": config, "some.test.ts": file });
  mkdirSync(join(folder, "node_modules"));
  linkInstalled(folder, "vitest");
  const env = { CI, NO_COLOR: "1", FORCE_COLOR: undefined, VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined };
  return runNode([join(root, "node_modules/vitest/vitest.mjs"), "run"], { cwd: folder, env });
}

const lastLines = /\n Test Files .*\n {6}Tests .*\n {3}Start at .*\n {3}Duration .*\n+$/;

describe("a run of the tests", () => {
  test("names what is left out and why, and ends with the runner's lines", async () => {
    const { code, stdout, stderr } = await runTests(needing("undefined"), undefined);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Tests {2}1 passed \| 2 skipped \(3\)/);
    expect(stdout).toMatch(lastLines);
    expect(stderr).toMatch(
      /\nLEFT OUT: the tests that need a printer, which is not on this machine\.\nLEFT OUT: 2 tests of some\.test\.ts\n$/,
    );
  });

  test("fails with CI=true when something is missing", async () => {
    const { code, stdout, stderr } = await runTests(needing("undefined"), "true");
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/a printer is not on this machine, and CI leaves no test out/);
    expect(stdout).toMatch(lastLines);
  });
});
