import { describe } from "vitest";
import { leftOut } from "./left-out.ts";

/**
 * `describe` for tests that need something of the machine, such as a browser: without it they are left out, and a line
 * says so. With CI=true nothing is left out: the first missing thing fails the file.
 *
 * @param what - What is needed, in words: `"chromium"`.
 * @param found - What the search for it gave; `undefined`, `null` and `false` mean that it is not there.
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
