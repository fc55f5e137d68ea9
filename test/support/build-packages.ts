import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { newFolder, root, writeFiles } from "./folder.ts";
import { runNpm } from "./npm.ts";
import { runNode } from "./run-node.ts";
import type { Outcome } from "./run-node.ts";
import { packageNames, readManifest } from "./sources.ts";
import type { PackageName } from "./sources.ts";

/** What `npm pack` put into a package. */
export interface Packed {
  readonly name: string;
  /** The tarball's name. */
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** In bytes. */
  readonly unpackedSize: number;
}

/** Both packages, built in a copy of the repository. An existing `dist` is neither used nor changed. */
export interface Built {
  /** A folder with `@mini/core` and `@mini/session` installed from their tarballs, and only their dependencies. */
  readonly consumer: string;
  readonly packed: Readonly<Record<PackageName, Packed>>;
  /** The folder of the tarballs. */
  readonly tarballs: string;
}

/** What the packages of the framework install besides each other. */
export function dependenciesOfPackages(): readonly string[] {
  return packageNames.flatMap((name) => Object.keys(readManifest(join(root, "packages", name)).dependencies ?? {})).toSorted();
}

/** Builds, packs and installs both packages. The caller removes the folders. */
export async function buildPackages(): Promise<Built> {
  const copy = copyOfRepository(newFolder());
  await expectSuccess(runNode([join(root, ".ci/build.mjs"), copy], { cwd: copy }));

  // The registry is not used: dependencies of the packages are packed from the repository's node_modules.
  const others = dependenciesOfPackages();
  const tarballs = newFolder();
  const folders = [...packageNames.map((name) => join(copy, "packages", name)), ...others.map((name) => copyOfInstalled(name, copy))];
  const packing = await expectSuccess(runNpm(["pack", ...folders, "--json", "--pack-destination", tarballs], copy));
  const packed = Object.values(JSON.parse(packing.stdout) as Record<string, Packed>);
  const find = (name: string): Packed => {
    const found = packed.find((one) => one.name === name);
    if (found === undefined) throw new Error(`npm pack made no package ${name}.`);
    return found;
  };
  const tarball = (name: string): [string, string] => [name, `file:${join(tarballs, find(name).filename)}`];

  const dependencies = Object.fromEntries(packageNames.map((name) => tarball(`@mini/${name}`)));
  const overrides = Object.fromEntries(others.map(tarball));
  const consumer = newFolder({ "package.json": JSON.stringify({ private: true, type: "module", dependencies, overrides }) });
  await expectSuccess(runNpm(["install"], consumer));
  rmSync(copy, { recursive: true, force: true });
  return { consumer, tarballs, packed: { core: find("@mini/core"), session: find("@mini/session") } };
}

/** Copies the sources of both packages into an empty folder, beside what the repository has installed. */
export function copyOfRepository(copy: string): string {
  cpSync(join(root, "tsconfig.json"), join(copy, "tsconfig.json"));
  mkdirSync(join(copy, "node_modules/@mini"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".") && name !== "@mini") linkInstalled(copy, name);
  }
  for (const name of packageNames) {
    const source = join(root, "packages", name);
    const target = join(copy, "packages", name);
    cpSync(source, target, { recursive: true, filter: (path) => path !== join(source, "dist") && !path.endsWith("node_modules") });
    symlinkSync(target, join(copy, "node_modules/@mini", name), "junction");
  }
  return copy;
}

/** A dependency as it is installed, without the scripts by which its authors build it: older versions of npm run them. */
function copyOfInstalled(name: string, folder: string): string {
  const target = join(folder, "others", name);
  cpSync(join(root, "node_modules", name), target, { recursive: true });
  const manifest = readManifest(target);
  writeFiles(target, { "package.json": JSON.stringify({ ...manifest, scripts: undefined }) });
  return target;
}

/** Makes an installed package of the repository available in a folder. */
export function linkInstalled(folder: string, name: string): void {
  symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction");
}

/** Waits for a program; rejects with what it printed when it fails. */
export async function expectSuccess(outcome: Promise<Outcome>): Promise<Outcome> {
  const { code, stdout, stderr } = await outcome;
  if (code !== 0) throw new Error(`The program ended with code ${code}.\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}
