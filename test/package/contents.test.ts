import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, test } from "vitest";
import type { Built } from "../support/build-packages.ts";
import { dependenciesOfPackages } from "../support/build-packages.ts";
import { build } from "../support/built.ts";
import { root } from "../support/folder.ts";
import { listFiles, modulesOf, packageNames, readManifest, readSources } from "../support/sources.ts";

const licences = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"];
const kilobyte = 1024;
const dependencies = ["cookie", "mrmime", "negotiator", "path-to-regexp"];
const other = { core: "session", session: "core" } as const;

let built: Built;
beforeAll(async () => {
  built = await build();
});

describe.each(packageNames)("the package %s", (packageName) => {
  const folder = join(root, "packages", packageName);
  const manifest = readManifest(folder);
  const installedFolder = () => join(built.consumer, "node_modules", manifest.name);

  test("has code, types, their maps and the source of every source file, and beside them only documents", () => {
    const files = built.packed[packageName].files.map(({ path }) => path);
    const made = [".js", ".js.map", ".d.ts", ".d.ts.map"];
    const expected = readSources(packageName).flatMap(({ name }) => [...made.map((ending) => `dist/${name}${ending}`), `src/${name}.ts`]);
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect(files.toSorted()).toEqual([...expected, ...papers].toSorted());
  });

  test("has a file behind every condition of every entry, and its package.json", () => {
    const targets = modulesOf(manifest).flatMap(([, conditions]) => Object.values(conditions));
    expect(targets.filter((target) => !existsSync(join(installedFolder(), target)))).toEqual([]);
    expect(manifest.exports?.["./package.json"]).toBe("./package.json");
  });

  test("has maps that lead from code and types to its sources", () => {
    const installed = installedFolder();
    const maps = listFiles(join(installed, "dist")).filter((file) => file.endsWith(".map"));
    const wrong = maps.filter((file) => {
      const { sources } = JSON.parse(readFileSync(file, "utf8")) as { readonly sources: readonly string[] };
      const name = relative(join(installed, "dist"), file).replace(/(?:\.js|\.d\.ts)\.map$/, "");
      const found = sources.map((source) =>
        relative(installed, join(dirname(file), source))
          .split(sep)
          .join("/"),
      );
      const named = readFileSync(file.replace(/\.map$/, ""), "utf8").includes(`//# sourceMappingURL=${file.split(sep).at(-1)}`);
      return !named || found.join() !== `src/${name.split(sep).join("/")}.ts` || !existsSync(join(installed, found[0]!));
    });
    expect(maps.length).toBe(2 * readSources(packageName).length);
    expect(wrong).toEqual([]);
  });

  test("says what it is, where its repository and its documents are, and how to find it", () => {
    const { description, keywords, homepage, repository, bugs } = readPackage(folder);
    const url = "https://github.com/mini/mini";
    expect({ homepage, repository, bugs }).toEqual({
      homepage: `${url}/tree/main/packages/${packageName}#readme`,
      repository: { type: "git", url: `git+${url}.git`, directory: `packages/${packageName}` },
      bugs: `${url}/issues`,
    });
    expect(description).toMatch(/^[A-Z].{20,}/);
    expect(keywords).toContain("typescript");
    expect((keywords as readonly string[]).length).toBeGreaterThan(5);
  });

  test("has the repository's changelog, with links that lead out of the package", () => {
    const text = readFileSync(join(installedFolder(), "CHANGELOG.md"), "utf8");
    expect(text).toMatch(/^# Changelog\n/);
    expect(text).toContain("](https://github.com/mini/mini/blob/main/packages/core/docs/files.md)");
    const own = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    expect(text.replaceAll("](https://github.com/mini/mini/blob/main/", "](")).toBe(own);
  });

  test("takes every compatible version of the other package as its peer", () => {
    const wanted = manifest.peerDependencies?.[`@mini/${other[packageName]}`];
    expect(wanted).toBe(packageName === "session" ? "^0.1.0" : undefined);
  });

  test("pleases publint", async () => {
    const { messages } = await publint({ pkgDir: installedFolder(), strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, readPackage(installedFolder()), { color: false }))).toEqual([]);
  });

  test("runs nothing when it is installed", () => {
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });
});

test("both packages together install four others, each under a permissive licence and without dependencies", () => {
  const wanted = dependenciesOfPackages();
  expect(wanted).toEqual(dependencies);
  for (const name of wanted) {
    const manifest = readManifest(join(root, "node_modules", name));
    expect(licences, name).toContain(manifest.license);
    expect(Object.keys(manifest.dependencies ?? {}), name).toEqual([]);
    expect(
      Object.keys(manifest.scripts ?? {}).filter((script) => /^(?:pre|post)?install$/.test(script)),
      name,
    ).toEqual([]);
  }
});

test("the code of both packages and of what they install stays under 0.8 MB, and all with types, sources and maps under 4 MB", () => {
  const own = packageNames.flatMap((name) => built.packed[name].files);
  const others = dependencies.flatMap((name) =>
    listFiles(join(root, "node_modules", name)).map((path) => ({ path, size: statSync(path).size })),
  );
  const sum = (files: Built["packed"]["core"]["files"]) => files.reduce((total, { size }) => total + size, 0);
  const all = [...own, ...others];
  expect(sum(all.filter(({ path }) => /\.[cm]?js$/.test(path)))).toBeLessThan(800 * kilobyte);
  expect(sum(all)).toBeLessThan(4000 * kilobyte);
});

test("the repository and both packages carry the same licence", () => {
  const text = readFileSync(join(root, "LICENSE"), "utf8");
  expect(text).toMatch(/^MIT License\n\nCopyright \(c\) 2026 the @mini authors\n/);
  for (const name of packageNames) expect(readFileSync(join(root, "packages", name, "LICENSE"), "utf8")).toBe(text);
});

function readPackage(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
}
