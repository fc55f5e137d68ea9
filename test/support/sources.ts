import { readFileSync, readdirSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { root } from "./folder.ts";

/** The names of the folders of the two packages. */
export const packageNames = ["core", "session"] as const;
export type PackageName = (typeof packageNames)[number];

/** The parts of a package.json that the tests look at. */
export interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  /** The files of each entry, by condition; a string is a file that is not a module. */
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** The modules of `exports`: the files of each entry, by condition. */
export function modulesOf({ exports = {} }: Manifest): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  return Object.entries(exports).flatMap(([path, target]) => (typeof target === "string" ? [] : [[path, target] as const]));
}

/** A TypeScript file of a package. */
export interface Source {
  /** Path below `src`, without the ending: `"backends/memory"`. */
  readonly name: string;
  readonly text: string;
  /** Files of its own package that it imports, types included, by name: `"url-for"`. */
  readonly own: readonly string[];
  /** Its other imports, as they are written: `"@mini/core"`, `"node:crypto"`. */
  readonly foreign: readonly string[];
}

/** All sources of a package, by name. */
export function readSources(packageName: PackageName): readonly Source[] {
  const folder = join(root, "packages", packageName, "src");
  return listFiles(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const name = relative(folder, file).split(sep).join("/").replace(/\.ts$/, "");
      const text = readFileSync(file, "utf8");
      const imports = importsOf(text);
      const isOwn = (specifier: string): boolean => specifier.startsWith(".");
      return {
        name,
        text,
        own: imports.filter(isOwn).map((specifier) => posix.join(posix.dirname(name), specifier).replace(/\.ts$/, "")),
        foreign: imports.filter((specifier) => !isOwn(specifier)),
      };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every file below a folder. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The text without the comments that are on their own lines. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:\/\*[^]*?\*\/|\/\/.*)[ \t]*\n?/gm, "");
}

const specifiers = [
  /^(?:import|export)\b[^;"']*?\bfrom\s+["']([^"']+)["']/gm,
  /^import\s+["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']\s*\)/g,
];

function importsOf(text: string): readonly string[] {
  const code = withoutComments(text);
  return [...new Set(specifiers.flatMap((pattern) => Array.from(code.matchAll(pattern), (match) => match[1] ?? "")))];
}
