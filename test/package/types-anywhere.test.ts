import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Built } from "../support/build-packages.ts";
import { linkInstalled } from "../support/build-packages.ts";
import { build } from "../support/built.ts";
import { runCompiler, tsc } from "../support/compiler.ts";
import { readExamples } from "../support/examples.ts";
import { root, temporaryFolder, writeFiles } from "../support/folder.ts";
import { npmScript } from "../support/npm.ts";
import { runNode } from "../support/run-node.ts";
import { need } from "../support/skip.ts";
import { entries } from "../support/entries.ts";
import { packageNames } from "../support/sources.ts";

const tools = join(root, "test/compilers/node_modules");
const compilers = {
  "TypeScript 5.9": join(tools, "typescript-5.9/bin/tsc"),
  "TypeScript 6": join(tools, "typescript-6/bin/tsc"),
  "TypeScript 7": tsc,
};
/** Entries whose types name types of Node, or of a driver or framework for Node. */
const needNode = /^@mini\/(?:core\/serve|session\/(?:cached|fastify|koa|node|redis))$/;

let built: Built;
beforeAll(async () => {
  built = await build();
  for (const name of ["@types", "undici-types", "fastify"])
    if (existsSync(join(root, "node_modules", name))) linkInstalled(built.consumer, name);
});

/** The program of the README; its main.ts uses `serve`. */
const readme = Object.fromEntries(
  readExamples(join(root, "README.md")).flatMap(({ file, code }) => (file === undefined ? [] : [[`readme/${file}`, code]])),
);
const pages = ["error-pages", "handlers", "layout", "styles", "urls"].map((name) => `${name}.ts`);
const tutorial = Object.fromEntries(pages.map((name) => [`tutorial/${name}`, readFileSync(join(root, "examples/sessions", name), "utf8")]));

const all = (specifiers: readonly string[]) =>
  specifiers.map((specifier, index) => `import * as e${index} from "${specifier}";\nvoid e${index};\n`).join("");
const specifiers = entries().map(({ specifier }) => specifier);

const environments = [
  { title: "types of the DOM and of Node", lib: ["es2024", "dom", "dom.iterable"], types: ["node"] },
  { title: "types of Node", lib: ["es2024"], types: ["node"] },
  { title: "types of the DOM", lib: ["es2024", "dom", "dom.iterable"], types: [] },
];
const modules = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];
let programs = 0;

/** Compiles each program by itself; gives the compiler's messages. */
async function messages(compiler: string, options: object, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = `program-${programs++}`;
  const strict = { target: "es2023", strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const compilerOptions = { ...strict, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: false, ...options };
  writeFiles(join(built.consumer, folder), { ...files, "tsconfig.json": JSON.stringify({ compilerOptions, include: ["**/*.ts"] }) });
  const { code, stdout, stderr } = await (compiler === tsc
    ? runCompiler(["-p", folder], built.consumer)
    : runNode([compiler, "--pretty", "false", "-p", folder], { cwd: built.consumer }));
  return code === 0 ? "" : stdout + stderr || `the compiler ended with code ${code}`;
}

describe.each(Object.entries(compilers))("the types of the packages, under %s", (name, compiler) => {
  need(`${name} (node .ci/install.mjs test/compilers)`, existsSync(compiler))("without skipLibCheck", () => {
    // Of all 27 combinations, 9 in which each two of a compiler, an environment and a way to resolve modules meet.
    const offset = Object.keys(compilers).indexOf(name);
    const cells = environments.map((environment, index) => ({ ...environment, ...modules[(index + offset) % modules.length]! }));

    test.each(cells)("fit the program of the README with the $title and module $module", async ({ title: _title, ...options }) => {
      const withoutMain = Object.fromEntries(Object.entries(readme).filter(([file]) => !file.endsWith("main.ts")));
      const files = options.types.length > 0 ? readme : withoutMain;
      expect(Object.keys(files).length).toBeGreaterThan(1);
      expect(await messages(compiler, options, files)).toBe("");
    });

    test.each(environments)("fit the pages of the tutorial and every entry that needs no more, with the $title", async ({ lib, types }) => {
      const usable = specifiers.filter((specifier) => types.length > 0 || !needNode.test(specifier));
      const options = { lib, types, ...modules[1] };
      expect(await messages(compiler, options, { ...tutorial, "all.ts": all(usable) })).toBe("");
    });

    test.each(["fastify", "fetch", "koa", "node"])("can be extended by a program that imports only @mini/session/%s", async (adapter) => {
      const extended = 'declare module "@mini/session" {\n  interface SessionData {\n    visits: number;\n  }\n}\n';
      const files = { "main.ts": `${all([`@mini/session/${adapter}`])}${extended}` };
      expect(await messages(tsc, { lib: ["es2024", "dom"], types: ["node"], ...modules[1] }, files)).toBe("");
    });
  });
});

/** The part of @arethetypeswrong/core that is used here; its own types need a newer library than this program has. */
interface AreTheTypesWrong {
  readonly createPackageFromTarballData: (data: Uint8Array) => unknown;
  readonly checkPackage: (
    pkg: unknown,
  ) => Promise<{ types: unknown; problems: readonly { kind: string; entrypoint?: string; resolutionKind?: string }[] }>;
}

need("@arethetypeswrong/core (node .ci/install.mjs test/compilers)", existsSync(join(tools, "@arethetypeswrong/core")))(
  "the tarballs",
  () => {
    test("have types that resolve as the code does, by @arethetypeswrong/core", async () => {
      const found = createRequire(join(tools, "from-here.js")).resolve("@arethetypeswrong/core");
      const { checkPackage, createPackageFromTarballData } = (await import(pathToFileURL(found).href)) as AreTheTypesWrong;
      for (const name of packageNames) {
        const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball(name))));
        // Resolution without `exports` has none of the entries, and require() of an ES module works from Node 20.19 on.
        const problems = result.problems.filter(({ resolutionKind }) => resolutionKind !== "node10" && resolutionKind !== "node16-cjs");
        expect([name, result.types, problems]).toEqual([name, { kind: "included" }, []]);
      }
    });
  },
);

const pnpm = join(tools, "pnpm/bin/pnpm.cjs");
const bun = join(root, "test/runtimes/node_modules/.bin/bun");
const sizes = 'console.log(Object.keys(await import("@mini/core")).length > 10, Object.keys(await import("@mini/session")).length > 5);\n';

/** Installs the tarballs as an application would, with a package manager from the registry or its cache. */
async function install(command: readonly string[], program = process.execPath): Promise<string> {
  const vendor = Object.fromEntries(packageNames.map((name) => [`@mini/${name}`, `file:vendor/mini-${name}.tgz`]));
  const folder = temporaryFolder({
    "package.json": JSON.stringify({ name: "app", private: true, type: "module", dependencies: vendor }),
    "sizes.mjs": sizes,
  });
  mkdirSync(join(folder, "vendor"));
  for (const name of packageNames) cpSync(tarball(name), join(folder, `vendor/mini-${name}.tgz`));
  const outcome = await runNode(command, { cwd: folder, program, env: { CI: undefined } });
  expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
  return (await runNode(["sizes.mjs"], { cwd: folder })).stdout;
}

const tarball = (name: (typeof packageNames)[number]) => join(built.tarballs, built.packed[name].filename);

describe("the tarballs are installed by", () => {
  const managers = [
    ["npm", npmScript(), () => install([npmScript(), "install", "--no-audit", "--no-fund", "--prefer-offline"])],
    ["pnpm", pnpm, () => install([pnpm, "install", "--prefer-offline"])],
    ["bun", bun, () => install(["install"], bun)],
  ] as const;
  describe.each(managers)("%s", (name, file, installed) => {
    need(name, existsSync(file))("from the registry", () => {
      test("so that both can be imported", async () => {
        expect(await installed()).toBe("true true\n");
      });
    });
  });
});
