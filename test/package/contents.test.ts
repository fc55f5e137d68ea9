import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, test } from "vitest";
import { build, dependenciesOfPackages } from "../support/built.ts";
import type { Built } from "../support/built.ts";
import { root } from "../support/folder.ts";
import { listFiles, packageNames, readManifest, readSources } from "../support/sources.ts";

const licences = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"];
const kilobyte = 1024;
const dependencies = ["cookie", "path-to-regexp", "srvx"];

let built: Built;
beforeAll(async () => {
  built = await build();
});

describe.each(packageNames)("the package %s", (packageName) => {
  const folder = join(root, "packages", packageName);
  const manifest = readManifest(folder);

  test("has for every source its code and its types, and beside them nothing but papers", () => {
    const files = built.packed[packageName].files.map(({ path }) => path);
    const expected = readSources(packageName).flatMap(({ name }) => [`dist/${name}.js`, `dist/${name}.d.ts`]);
    const papers = /^(?:package\.json|LICENSE|README\.md|docs\/[\w/-]+\.md)$/;
    expect(files.filter((path) => !papers.test(path)).toSorted()).toEqual(expected.toSorted());
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md"]));
  });

  test("has a file behind every condition of every entry", () => {
    const installed = join(built.consumer, "node_modules", manifest.name);
    const targets = Object.values(manifest.exports ?? {}).flatMap((conditions) => Object.values(conditions));
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([]);
  });

  test("pleases publint", async () => {
    const installed = join(built.consumer, "node_modules", manifest.name);
    const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, readPackage(installed), { color: false }))).toEqual([]);
  });

  test("runs nothing when it is installed", () => {
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });
});

test("both packages together install three others, each under a permissive licence and without ones of its own", () => {
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

test("both packages and what they install stay under 1 MB", () => {
  const own = packageNames.map((name) => built.packed[name].unpackedSize);
  const others = dependencies.flatMap((name) => listFiles(join(root, "node_modules", name)).map((file) => statSync(file).size));
  expect([...own, ...others].reduce((sum, size) => sum + size, 0)).toBeLessThan(1000 * kilobyte);
});

test("the repository and both packages carry the same licence", () => {
  const text = readFileSync(join(root, "LICENSE"), "utf8");
  expect(text).toMatch(/^MIT License\n\nCopyright \(c\) 2026 the @mini authors\n/);
  for (const name of packageNames) expect(readFileSync(join(root, "packages", name, "LICENSE"), "utf8")).toBe(text);
});

function readPackage(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
}
