import { describe } from "vitest";
import { leftOut } from "./left-out.ts";

/**
 * `describe` for tests that need a program on the machine, such as a browser. If it is missing, they are left out, and a line of the
 * output says so. With CI=true nothing is left out: a missing program fails the test file.
 *
 * @param what - The name of what is needed, for the message: `"chromium"`.
 * @param found - The result of the search for it; `undefined`, `null` and `false` mean that it is missing.
 * @example
 * ```ts
 * const chromium = findChromium();
 * need("chromium", chromium)("the cart in a browser", () => {});
 * ```
 */
export function need(what: string, found: unknown): ReturnType<typeof describe.skipIf> {
  const missing = found === undefined || found === null || found === false;
  if (missing && process.env.CI === "true")
    throw new Error(`${what} is not on this machine, and CI leaves no test out: let .ci/run install it.`);
  if (missing) console.warn(`${leftOut}the tests that need ${what}, which is not on this machine.`);
  return describe.skipIf(missing);
}
