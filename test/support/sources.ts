import { readFileSync, readdirSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { root } from "./folder.ts";

/** The two packages, by the name of their folder. */
export const packageNames = ["core", "session"] as const;
export type PackageName = (typeof packageNames)[number];

/** The parts of a package.json that the tests look at. */
export interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** A TypeScript file of a package. */
export interface Source {
  /** Path below `src`, without the ending: `"backends/memory"`. */
  readonly name: string;
  readonly text: string;
  /** What it imports, types included, relative ones as the name of the file: `"url-for"`, `"@mini/core"`, `"node:crypto"`. */
  readonly imports: readonly string[];
}

/** All sources of a package, by name. */
export function readSources(packageName: PackageName): readonly Source[] {
  const folder = join(root, "packages", packageName, "src");
  return listFiles(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const name = relative(folder, file).split(sep).join("/").replace(/\.ts$/, "");
      const text = readFileSync(file, "utf8");
      return { name, text, imports: importsOf(text).map((specifier) => within(name, specifier)) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every file below a folder. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The text without its comments, as far as they stand on lines of their own. */
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

/** A relative specifier with its ending becomes the name of the source it means; anything else stays as it is written. */
function within(importer: string, specifier: string): string {
  if (!specifier.startsWith(".") || !specifier.endsWith(".ts")) return specifier;
  return posix.join(posix.dirname(importer), specifier).replace(/\.ts$/, "");
}
