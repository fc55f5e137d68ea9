import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, documents, linkProblem, linksOf, reachedFrom } from "../support/documents.ts";
import { root } from "../support/folder.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The longest that the documents may be which people read first, in lines. */
const limits: Readonly<Record<string, number>> = {
  "README.md": 150,
  "packages/core/README.md": 250,
  "packages/session/README.md": 250,
};

describe("the documents", () => {
  test.each(documents())("%s: every link leads to a file or a heading that exists", (document) => {
    const broken = linksOf(read(document)).flatMap(({ line, target }) => {
      const problem = linkProblem(document, target);
      return problem === undefined ? [] : [`${document}:${line} ${target}: ${problem}`];
    });
    expect(broken).toEqual([]);
  });

  test("are all reached from the README by links", () => {
    const reached = reachedFrom("README.md");
    expect(documents().filter((document) => !reached.has(document))).toEqual([]);
  });

  test.each(Object.entries(limits))("%s has at most %i lines", (document, most) => {
    expect(read(document).trimEnd().split("\n").length).toBeLessThanOrEqual(most);
  });
});

test("the architecture names the rooms that there are, and files that exist", () => {
  const text = read("packages/core/docs/architecture.md");
  const roomsIn = (name: string) => {
    const table = text.slice(text.indexOf(`| Room of ${name} |`)).split("\n\n", 1)[0]!;
    return Array.from(table.matchAll(/^\| `(\w+)\/` \|/gm), ([, room]) => room!).toSorted();
  };
  const foldersOf = (name: string) =>
    readdirSync(join(root, `packages/${name}/src`), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  for (const name of ["core", "session"]) expect(roomsIn(name)).toEqual(foldersOf(name).toSorted());
  const files = Array.from(text.matchAll(/`((?:\w+\/)+[\w-]+\.ts)`/g), ([, file]) => file!);
  const exists = (file: string) =>
    ["core", "session"].some((name) => existsSync(join(root, `packages/${name}`, file.replace(/^(?!src\/)/, "src/"))));
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !exists(file))).toEqual([]);
});

describe("the check of links", () => {
  test("finds links and images with their lines, and none in code", () => {
    const text = '# A\n\n[one](a.md) and `[no](b.md)`\n\n```md\n[no](c.md)\n```\n\n![two](d.png "title")\n<img src="e.svg" width="49%">\n';
    expect(linksOf(text)).toEqual([
      { line: 3, target: "a.md" },
      { line: 9, target: "d.png" },
      { line: 10, target: "e.svg" },
    ]);
  });

  test("names headings as GitHub does", () => {
    const text = "# Rules and URLs\n## `urlFor()`, and what it builds\n## Hosts\n## Hosts\n```sh\n# no heading\n```\n";
    expect([...anchorsOf(text)]).toEqual(["rules-and-urls", "urlfor-and-what-it-builds", "hosts", "hosts-1"]);
  });

  test.each([
    ["nowhere.md", "there is no packages/core/nowhere.md"],
    ["#no-such-heading", "packages/core/README.md has no heading #no-such-heading"],
    ["../../README.md#no-such-heading", "README.md has no heading #no-such-heading"],
    ["../../../README.md", "leads out of the repository"],
  ])("refuses %s", (target, problem) => {
    expect(linkProblem("packages/core/README.md", target)).toBe(problem);
  });

  test.each(["https://example.org/nowhere", "../../README.md", "../session/README.md", "../../.github/SECURITY.md#dependencies"])(
    "takes %s",
    (target) => {
      expect(linkProblem("packages/core/README.md", target)).toBeUndefined();
    },
  );
});
