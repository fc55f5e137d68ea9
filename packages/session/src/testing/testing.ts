import type { BackendBench, Check } from "./bench.ts";
import { dataChecks } from "./data.ts";
import { expiryChecks } from "./expiry.ts";
import { ownerChecks } from "./owners.ts";
import { raceChecks } from "./races.ts";
import { recordChecks } from "./records.ts";

/** The two functions of a test runner that are needed, such as those of `node:test` or vitest. */
export interface TestRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly test: (title: string, body: () => Promise<void>) => unknown;
}

const groups: Readonly<Record<string, readonly Check[]>> = {
  records: recordChecks,
  time: expiryChecks,
  data: dataChecks,
  "several requests at once": raceChecks,
  owners: ownerChecks,
};

/**
 * The contract of `SessionBackend` as tests, for your own backend. `@mini/session` can rely on a backend that passes them. The
 * tests do not wait: {@link BackendBench.advance} makes time pass.
 *
 * @param name - For the titles of the tests.
 * @param open - Called for each test; returns a new, empty backend.
 * @param runner - The `describe` and `test` to declare the tests with.
 * @example
 * ```ts
 * import { describe, test } from "node:test";
 * import { MemoryBackend } from "@mini/session";
 * import { testSessionBackend } from "@mini/session/testing";
 *
 * testSessionBackend("MemoryBackend", open, { describe, test });
 *
 * function open() {
 *   let time = Date.now();
 *   const now = () => time;
 *   return { backend: new MemoryBackend({ now }), now, advance: (seconds: number) => void (time += seconds * 1000) };
 * }
 * ```
 */
export function testSessionBackend(name: string, open: () => BackendBench | Promise<BackendBench>, { describe, test }: TestRunner): void {
  describe(`${name} as a SessionBackend`, () => {
    for (const [title, checks] of Object.entries(groups)) {
      describe(title, () => {
        for (const [promise, check] of checks) {
          test(promise, async () => {
            const bench = await open();
            try {
              await check(bench);
            } finally {
              await bench.close?.();
            }
          });
        }
      });
    }
  });
}
