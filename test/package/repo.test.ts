import { accessSync, constants, readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";
import { readManifest } from "../support/sources.ts";

/** What a machine puts beside the sources; .gitignore and git keep it out of the repository. */
const machineMade = new Set([".git", "node_modules", "dist", "coverage", "results", "screenshots", "data"]);

/** Every file of the repository, by its path with slashes. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (machineMade.has(entry.name) || /\.(?:log|tsbuildinfo)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [relative(root, path).split(sep).join("/")];
  });
}

const files = filesBelow(root);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the top level has only what belongs there", () => {
  const allowed = `
    .ci .editorconfig .gitattributes .github .gitignore .npmrc .oxfmtrc.json .oxlintrc.json
    CHANGELOG.md LICENSE README.md examples package-lock.json package.json packages test tsconfig.json
  `;
  const found = readdirSync(root).filter((name) => !machineMade.has(name));
  expect(found.toSorted()).toEqual(
    allowed
      .split(/\s+/)
      .filter((name) => name !== "")
      .toSorted(),
  );
});

test("no source, example or test is longer than 300 lines", () => {
  const code = files.filter((path) => /^(?:packages\/\w+\/src|examples|test)\/.*\.[cm]?[jt]s$/.test(path));
  const tooLong = code.map((path) => `${path}: ${read(path).split("\n").length - 1}`).filter((line) => Number(/\d+$/.exec(line)) > 300);
  expect(tooLong).toEqual([]);
});

test("no file names a place of the machine it was written on", () => {
  const places = /(?<![\w.:/-])\/(?:work|root|Users|home\/[a-z]+)\/[\w.-]|[A-Z]:\\Users\\|\bbash_jobs\b/;
  const found = files.filter((path) => places.test(read(path)));
  expect(found).toEqual([]);
});

/** As in test/mutation/modules.mjs. */
interface MutationModule {
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

const { modules } = (await import(pathToFileURL(join(root, "test/mutation/modules.mjs")).href)) as {
  readonly modules: Readonly<Record<string, MutationModule>>;
};

test.each(Object.entries(modules))("the mutation tests of %s name sources and tests that exist", (_name, { sources, tests }) => {
  const named = [...sources, ...tests.map((name) => `test/${name}.test.ts`)];
  expect(named.filter((path) => !files.includes(path))).toEqual([]);
});

describe("every dependency is pinned", () => {
  const manifests = files.filter((path) => /(?:^|\/)package\.json$/.test(path));

  test.each(manifests)("in %s to one version", (path) => {
    const { dependencies, devDependencies } = readManifest(join(root, path, ".."));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^(?:npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test("everywhere to the same version", () => {
    const versions = new Map<string, Set<string>>();
    for (const path of manifests) {
      const { dependencies, devDependencies } = readManifest(join(root, path, ".."));
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        // The generator of the site needs a compiler with an API, which TypeScript 7 does not have.
        if (path === ".ci/docs/package.json" && name === "typescript") continue;
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
      }
    }
    expect([...versions].filter(([, found]) => found.size > 1).map(([name]) => name)).toEqual([]);
  });
});

describe("npm test", () => {
  const { scripts = {} } = readManifest(root);

  test("installs what is missing, and then runs nothing but the tests, so that the runner's lines are the last", () => {
    expect(scripts["pretest"]).toBe("node .ci/install.mjs");
    expect(scripts["test"]).toBe("node .ci/test.mjs");
    expect(scripts["posttest"]).toBeUndefined();
  });

  test("does what the scripts for a single check do", () => {
    expect([scripts["lint"], scripts["check"]]).toEqual(["oxlint && oxfmt --check", "node .ci/check.mjs"]);
  });

  // Files share processes: what a module started when it was loaded would end with the first file that loads it.
  test("loads no module that calls a hook or starts something when it is loaded", () => {
    const atOnce = /^(?:(?:afterAll|afterEach|beforeAll|beforeEach)\(|(?:export )?const [^=]+ = (?:await |temporaryFolder\())/m;
    // The setups are loaded again for each file. The programs have a process of their own.
    const modules = files.filter((path) => /^test\/(?:support|examples)\/.*(?<!\.test|-setup|-process)\.ts$/.test(path));
    expect(modules.length).toBeGreaterThan(50);
    expect(modules.filter((path) => atOnce.test(read(path)))).toEqual([]);
  });

  // Every example is one more program to compile.
  test("compiles every source, example and test, the *.test-d.ts among them, which are checked by nothing else", async () => {
    const { code, stdout } = await runNode([".ci/check.mjs", "--list"], { cwd: root });
    const compiled = new Set(stdout.split("\n").map((path) => relative(root, path).split(sep).join("/")));
    const typescript = files.filter((path) => /^(?:packages\/\w+\/src|examples|test)\/(?!bench\/).*\.ts$/.test(path));
    const wrong = stdout.split("\n").filter((line) => line.includes(": error TS"));
    expect([code, wrong]).toEqual([0, []]);
    expect(typescript.length).toBeGreaterThan(50);
    expect(typescript.filter((path) => !compiled.has(path))).toEqual([]);
  });
});

describe("continuous integration", () => {
  const workflow = read(".github/workflows/ci.yml");
  const script = read(".ci/run");

  test("runs the script that everybody can run", () => {
    expect(workflow).toMatch(/^ {6}- run: \.ci\/run$/m);
    expect(() => accessSync(join(root, ".ci/run"), constants.X_OK)).not.toThrow();
  });

  test("may read the repository and nothing else, and pins the actions it uses to commits", () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    expect(workflow.match(/^ {4}permissions:\n((?: {6}.*\n)*)/m)?.[1]).toBe("      contents: read\n");
    const actions = Array.from(workflow.matchAll(/uses: (\S+)/g), ([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action ?? ""))).toEqual([]);
  });

  test("gives up before 20 minutes are over", () => {
    const seconds = Array.from(
      script.matchAll(/\btimeout (?:--kill-after=(\d+) )?(\d+) /g),
      ([, kill = "0", limit = "0"]) => Number(kill) + Number(limit),
    );
    expect(seconds).toHaveLength(4);
    expect(seconds.reduce((sum, limit) => sum + limit)).toBeLessThan(20 * 60);
    expect(workflow).toMatch(/^ {4}timeout-minutes: 20$/m);
  });

  test("ends with the runner's lines: the tests are the last that the script runs", () => {
    expect(script.trimEnd().split("\n").at(-1)).toBe("timeout --kill-after=10 800 npm test --silent </dev/null");
  });
});

describe("a release", () => {
  const workflow = read(".github/workflows/release.yml");
  const check = (GITHUB_REPOSITORY: string | undefined) => runNode([".ci/release.mjs"], { cwd: root, env: { GITHUB_REPOSITORY } });

  test("is started by a person, runs all tests, and publishes both packages with provenance", () => {
    expect(workflow).toMatch(/^on:\n {2}workflow_dispatch:\n(?: {4}.*\n)*\n/m);
    const commands = Array.from(workflow.matchAll(/^ {6}- run: (.*)$/gm), ([, command = ""]) => command.replace(/ \$\{\{.*/, ""));
    expect(commands).toEqual([
      "node .ci/release.mjs",
      ".ci/run",
      "npm publish --workspace packages/core --access public --provenance",
      "npm publish --workspace packages/session --access public --provenance",
    ]);
  });

  test("may read the repository and prove who it is, and nothing else, and pins the actions it uses to commits", () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    expect(workflow.match(/^ {4}permissions:\n((?: {6}.*\n)*)/m)?.[1]).toBe("      contents: read\n      id-token: write\n");
    const actions = Array.from(workflow.matchAll(/uses: (\S+)/g), ([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action ?? ""))).toEqual([]);
  });

  test("is refused in another repository than the packages name, which provenance would not match", async () => {
    const { code, stderr } = await check("someone/fork");
    expect(code).toBe(1);
    expect(stderr).toContain("@mini/core names the repository git+https://github.com/mini/mini.git, and this is someone/fork");
    expect((await check("mini/mini")).stderr).not.toContain("names the repository");
  });
});

test("a report of a vulnerability goes to the repository's private advisories", () => {
  expect(read(".github/SECURITY.md")).toMatch(/private security advisory/);
});
