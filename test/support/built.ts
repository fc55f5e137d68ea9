import { cpSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./skip.ts";
import { root, temporaryFolder } from "./folder.ts";
import { runNode } from "./run-node.ts";
import type { Outcome } from "./run-node.ts";
import { packageNames } from "./sources.ts";
import type { PackageName } from "./sources.ts";

/** What `npm pack` would put into a package. */
export interface Packed {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** In bytes. */
  readonly unpackedSize: number;
}

/** Both packages, built in a copy of the repository: nothing that lies in a `dist` is believed, and none is touched. */
export interface Built {
  /** A folder from where `@mini/core` and `@mini/session` are found as if they had been installed from the registry. */
  readonly consumer: string;
  readonly packed: Readonly<Record<PackageName, Packed>>;
}

/** Builds, packs and "installs" both packages. Call it in `beforeAll`. */
export async function build(): Promise<Built> {
  const copy = temporaryFolder();
  cpSync(join(root, "tsconfig.json"), join(copy, "tsconfig.json"));
  for (const name of packageNames) {
    const source = join(root, "packages", name);
    cpSync(source, join(copy, "packages", name), {
      recursive: true,
      filter: (path) => path !== join(source, "dist") && !path.endsWith("node_modules"),
    });
  }
  linkDependencies(copy);
  for (const name of packageNames) symlinkSync(join(copy, "packages", name), join(copy, "node_modules/@mini", name), "junction");
  await expectSuccess(runNode([join(root, ".ci/build.mjs"), copy], { cwd: copy }));
  const packed = { core: await pack(join(copy, "packages/core")), session: await pack(join(copy, "packages/session")) };

  const consumer = temporaryFolder({ "package.json": `{ "private": true, "type": "module" }` });
  linkDependencies(consumer);
  for (const name of packageNames) {
    for (const { path } of packed[name].files) {
      cpSync(join(copy, "packages", name, path), join(consumer, "node_modules/@mini", name, path), { recursive: true });
    }
  }
  return { consumer, packed };
}

/** Links what the repository has installed, its own packages left out. */
function linkDependencies(folder: string): void {
  mkdirSync(join(folder, "node_modules/@mini"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name.startsWith(".") || name === "@mini") continue;
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction");
  }
}

async function pack(folder: string): Promise<Packed> {
  const { stdout } = await expectSuccess(runNode([npmScript(), "pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: folder }));
  const found = Object.values(JSON.parse(stdout) as Record<string, Packed>)[0];
  if (found === undefined) throw new Error(`npm pack found no package in ${folder}.`);
  return found;
}

/** npm's own script: the one that runs us, else the one behind the name on the PATH. */
function npmScript(): string {
  const npm = process.env.npm_execpath ?? findProgram("npm");
  if (npm === undefined) throw new Error("npm was not found: run the tests with npm test.");
  return realpathSync(npm);
}

/** Waits for a program; rejects with what it printed when it fails. */
export async function expectSuccess(outcome: Promise<Outcome>): Promise<Outcome> {
  const { code, stdout, stderr } = await outcome;
  if (code !== 0) throw new Error(`The program ended with code ${code}.\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}
