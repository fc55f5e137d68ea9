import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { readTable } from "../support/markdown-table.ts";

test("the table of runtimes has a row for each check of the suite", async () => {
  const { checks } = (await import(pathToFileURL(join(root, "test/runtimes/suite.mjs")).href)) as {
    readonly checks: readonly { readonly title: string }[];
  };
  const rows = readTable("packages/core/docs/runtimes.md", "What each runtime can do");
  expect(rows.map(([title]) => title)).toEqual(checks.map(({ title }) => title));
  expect(new Set(rows.flatMap(([, ...cells]) => cells))).toEqual(new Set(["yes", "–"]));
});
