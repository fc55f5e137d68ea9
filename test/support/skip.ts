import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";
import { leftOut } from "./left-out.ts";

/** Looks for a program on the PATH; gives the full path of the first of the names that is there. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
      }
    }
  }
  return undefined;
}

/** A Chromium or Chrome of this machine. */
export function findChromium(): string | undefined {
  return findProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
}

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
