import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { readTable } from "../support/markdown-table.ts";

const path = ".github/SECURITY.md";
const requirements = readTable(path, "What is promised, and which test proves it");
const misuses: readonly (readonly string[])[] = readTable(path, "What clients and handlers may do").map(([what, proof]) => [
  what!,
  "",
  proof!,
]);
const advisories = readTable(path, "What went wrong elsewhere");

interface Named {
  readonly file: string;
  readonly title: string;
}

/** The tests that a cell names: "`session/flash.test.ts`: "its title"". */
function named(cell: string): readonly Named[] {
  return Array.from(cell.matchAll(/`([\w/-]+\.test\.ts)`: "([^"]+)"/g), ([, file = "", title = ""]) => ({ file, title }));
}

/** Whether a file below `test/` has a test of that title: a call with the title and what is to be done, a table's included. */
function exists({ file, title }: Named): boolean {
  const place = join(root, "test", file);
  if (!existsSync(place)) return false;
  const literal = title.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const call = new RegExp(
    String.raw`(?<!describe)\(\s*(["'\x60])${literal}\1,\s*(?:\{[^{}]*\},\s*)?(?:async\s*)?\([^()]*(?:\([^()]*\)[^()]*)*\)\s*=>`,
  );
  return call.test(readFileSync(place, "utf8"));
}

/** Chapters of ASVS 5.0.0, and how many requirements each of their sections has; 0 for one that is not about sessions. */
const sections: readonly (readonly [chapter: string, requirements: readonly number[]])[] = [
  ["7", [3, 4, 2, 5, 3, 2]],
  ["3", [0, 0, 5, 0, 8]],
  ["9", [3, 4]],
  ["11", [4, 5, 5, 4, 2, 2, 2]],
  ["14", [2, 8, 3]],
];

describe("the table of requirements", () => {
  test("has each section of the standard once, complete and in order", () => {
    const expected = sections.flatMap(([chapter, counts]) =>
      counts.flatMap((count, section) => Array.from({ length: count }, (_, at) => `${chapter}.${section + 1}.${at + 1}`)),
    );
    expect(requirements.map(([id]) => id)).toEqual(expected);
  });

  test.each(requirements)("%s: names a test, or says in a sentence whose it is", (_id, asks, proof) => {
    expect(asks!.length).toBeGreaterThan(8);
    if (named(proof!).length === 0) expect(proof).toMatch(/^[A-Z][^"]{15,}\.$|^The application's\.|^The application's, as [\d.]+\.$/);
  });

  test.each([...requirements, ...misuses, ...advisories])("%s: each test that it names is there", (_id, _asks, proof) => {
    // What ends in .test.ts and is not read as a test would be believed unseen.
    expect(named(proof!)).toHaveLength(proof!.match(/\.test\.ts/g)?.length ?? 0);
    expect(named(proof!).filter((one) => !exists(one))).toEqual([]);
  });
});

test("every advisory has its number, its package and a test", () => {
  expect(advisories.length).toBeGreaterThanOrEqual(10);
  const wrong = advisories.filter(
    ([advisory, what, proof]) =>
      !/^(?:CVE-\d{4}-\d{4,}|GO-\d{4}-\d{4,})\b.* \(.+\)/.test(advisory!) || what === "" || named(proof!).length === 0,
  );
  expect(wrong).toEqual([]);
});

test("a test is found by its file and its whole title only", () => {
  const file = "package/security.test.ts";
  expect(exists({ file, title: "a test is found by its file and its whole title only" })).toBe(true);
  expect(exists({ file, title: "a test is found by its file" })).toBe(false);
  expect(exists({ file, title: "%s: each test that it names is there" })).toBe(true);
  expect(exists({ file: "package/nowhere.test.ts", title: "%s: each test that it names is there" })).toBe(false);
  // It stands in this file, and is the title of nothing.
  expect(exists({ file, title: "What went wrong elsewhere" })).toBe(false);
});
