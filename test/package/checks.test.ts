import { copyFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";

const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
const oxfmt = join(root, "node_modules/oxfmt/bin/oxfmt");

// Here, and not before the tests, so that a run always ends with the runner's lines, and these say it when something is wrong.
describe("the repository", () => {
  test.each([
    ["has nothing that the linter finds", [oxlint, "--format", "unix"]],
    ["is formatted: npm run format mends it", [oxfmt, "--check"]],
  ] as const)("%s", async (_title, command) => {
    const { code, stdout, stderr } = await runNode(command, { cwd: root });
    expect(code, stdout + stderr).toBe(0);
  });
});

/** What must never get past the linter, and the rule that stops it. */
const faults: Readonly<Record<string, { readonly code: string; readonly rule: string }>> = {
  "a promise that nobody waits for": {
    code: `export function lose(save: () => Promise<void>): void {\n  save();\n}\n`,
    rule: "typescript(no-floating-promises)",
  },
  "a promise where a boolean is expected": {
    code: `export function ask(has: () => Promise<boolean>): string {\n  return has() ? "yes" : "no";\n}\n`,
    rule: "typescript(no-misused-promises)",
  },
  "a cycle of imports": {
    code: `import { other } from "./other.ts";\nexport const own = (): string => other();\n`,
    rule: "import(no-cycle)",
  },
  "an any": { code: `export const loose = (value: unknown): number => (value as any).size;\n`, rule: "typescript(no-explicit-any)" },
  "an error of the compiler that is silenced": {
    code: `// @ts-ignore\nexport const wrong: number = "1";\n`,
    rule: "typescript(ban-ts-comment)",
  },
  "a default export": { code: `export default 1;\n`, rule: "import(no-default-export)" },
  "a test that is skipped": {
    code: `import { test } from "vitest";\ntest.skip("later", () => {});\n`,
    rule: "vitest(no-disabled-tests)",
  },
  "a test that keeps the others from running": {
    code: `import { test } from "vitest";\ntest.only("now", () => {});\n`,
    rule: "vitest(no-focused-tests)",
  },
  "an expectation that nobody waits for": {
    code: `import { expect, test } from "vitest";\ntest("late", () => {\n  void expect(Promise.resolve(1)).resolves.toBe(2);\n});\n`,
    rule: "vitest(valid-expect)",
  },
  "a type imported as a value": {
    code: `import { Sort } from "./sort.ts";\nexport const sort = (value: Sort): Sort => value;\n`,
    rule: "typescript(consistent-type-imports)",
  },
};

const plain = `export const double = (value: number): number => value * 2;\n`;

/** Lints all of them at once with the repository's own settings; gives the rules that complain, by file. */
async function lint(codes: readonly string[]): Promise<readonly (readonly string[])[]> {
  const name = (index: number): string => `src/fault-${index}.ts`;
  const cycle = codes.findIndex((code) => code.includes("./other.ts"));
  const folder = temporaryFolder({
    ...Object.fromEntries(codes.map((code, index) => [name(index), code])),
    "src/other.ts": `import { own } from "./fault-${cycle}.ts";\nexport const other = (): string => own();\n`,
    "src/sort.ts": `export interface Sort {\n  readonly name: string;\n}\n`,
    "tsconfig.json": `{ "compilerOptions": { "strict": true, "module": "nodenext", "noEmit": true, "allowImportingTsExtensions": true } }`,
  });
  copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  // It looks for its type-aware part in node_modules/.bin of the folder, then on the PATH.
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const { stdout } = await runNode([oxlint, "--format", "unix", "src"], { cwd: folder, env: { PATH } });
  const found = Array.from(stdout.matchAll(/^(src\/[\w-]+\.ts):.*\/([\w-]+\([\w-]+\))\]$/gm), ([, file, rule = ""]) => ({ file, rule }));
  return codes.map((_code, index) => found.filter(({ file }) => file === name(index)).map(({ rule }) => rule));
}

describe("the linter", () => {
  const titles = Object.keys(faults);
  let found: readonly (readonly string[])[];
  beforeAll(async () => {
    found = await lint([...Object.values(faults).map(({ code }) => code), plain]);
  });

  test.each(titles)("refuses %s", (title) => {
    expect(found[titles.indexOf(title)]).toContain(faults[title]?.rule);
  });

  test("has nothing against a plain function", () => {
    expect(found[titles.length]).toEqual([]);
  });
});
