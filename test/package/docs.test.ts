import { symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { runCompiler } from "../support/compiler.ts";
import { documents } from "../support/documents.ts";
import { groupExamples, mergeLoose, readExamples } from "../support/examples.ts";
import type { Project } from "../support/examples.ts";
import { root, temporaryFolder, writeFiles } from "../support/folder.ts";
import { listFiles } from "../support/sources.ts";

/** The repository's own settings, less what only a formatted source keeps. */
const settings = JSON.stringify({
  extends: join(root, "tsconfig.json"),
  compilerOptions: { rootDir: "/", noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false },
  include: ["*.ts", "**/*.ts"],
  exclude: ["node_modules"],
});

/** The types of Node 20, the lowest version that we support, do not have `node:sqlite`; this package has its API. */
const newerNode = 'declare module "node:sqlite" {\n  export { DatabaseSync } from "@photostructure/sqlite";\n}\n';

/** Compiles a project in a folder of its own; gives the compiler's messages, each with its place in the document. */
async function compile({ files, places }: Project): Promise<string> {
  const folder = temporaryFolder({
    ...files,
    "newer-node.d.ts": newerNode,
    "tsconfig.json": settings,
    "package.json": `{ "type": "module" }`,
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  const { code, stdout, stderr } = await runCompiler(["--noEmit", "-p", folder], folder);
  const messages = stdout.replaceAll(
    /^(.+?)\((\d+),/gm,
    (whole, file: string, line: string) => `${places[file] ?? file} (line ${line} of the block) ${whole}`,
  );
  return code === 0 ? "" : messages + stderr || `the compiler ended with code ${code}`;
}

function projectsOf(path: string): readonly Project[] {
  return groupExamples(relative(root, path), readExamples(path));
}

const pages = mergeLoose(
  "all documents whose programs declare nothing for everybody",
  documents().flatMap((path) => projectsOf(join(root, path))),
);
const sources = ["core", "session"]
  .flatMap((name) => listFiles(join(root, "packages", name, "src")))
  .filter((path) => path.endsWith(".ts"));

describe("the code blocks", () => {
  test.for(pages)("of $title compile", async (project) => {
    expect(await compile(project)).toBe("");
  });

  test("of the doc comments compile", async () => {
    const examples = sources.flatMap(readExamples).map((example, index) => ({ ...example, place: `${example.place}:${index}` }));
    const found = await Promise.all(groupExamples("the doc comments", examples).map(compile));
    expect(found.join("")).toBe("");
  });
});

describe("the check of the examples", () => {
  const page = (text: string): Promise<string> => {
    const folder = temporaryFolder();
    writeFiles(folder, { "page.md": text });
    return Promise.all(projectsOf(join(folder, "page.md")).map(compile)).then((found) => found.join(""));
  };

  test("refuses a block with a type error, and names its place", async () => {
    expect(await page("Text\n\n```ts\nconst a = 1;\nconst b: string = a;\n```\n")).toMatch(/page\.md:3 \(line 2 of the block\).*TS2322/);
  });

  test("refuses a name that core does not export", async () => {
    expect(await page('```ts\nimport { NoSuchName } from "@mini/core";\n```\n')).toMatch(/TS2305/);
  });

  test("compiles the files of one program together, and begins another where a name comes again", async () => {
    const first =
      '```ts\n// a.ts\nexport const a = 1;\n```\n```ts\n// b.ts\nimport { a } from "./a.ts";\nexport const b: number = a;\n```\n';
    const second = "```ts\n// a.ts\nexport const other = 1;\n```\n";
    expect(await page(first + second)).toBe("");
    expect(await page(second + first.replace("// a.ts", "// c.ts"))).toMatch(/TS2305/);
  });

  test("lets a hidden comment give what a block needs", async () => {
    expect(await page("<!-- given: declare const name: string; -->\n```ts\nname.toUpperCase();\n```\n")).toBe("");
  });

  test("gives a block the nearest comment only", async () => {
    const first = "<!-- given: declare const one: string; -->\n```ts\none.trim();\n```\n";
    const second = "<!-- given: declare const two: string; -->\n```ts\ntwo.trim();\n```\n";
    expect(await page(first + second)).toBe("");
    expect(await page(first + second.replace("two.trim", "one.trim"))).toMatch(/TS2304/);
  });

  test("imports the public names that a block without imports uses", async () => {
    expect(await page("```ts\nconst error = new HTTPError(404);\n```\n")).toBe("");
  });
});
