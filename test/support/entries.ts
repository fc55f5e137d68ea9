import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { root } from "./folder.ts";
import { modulesOf, packageNames, readManifest, withoutComments } from "./sources.ts";

/** A name that users may write in `import`. */
export interface Entry {
  /** `"@mini/core/serve"`. */
  readonly specifier: string;
  /** The source of the built file behind it. */
  readonly file: string;
}

/** All entries of both packages, as their package.json names them. */
export function entries(): readonly Entry[] {
  return packageNames.flatMap((packageName) => {
    const folder = join(root, "packages", packageName);
    const manifest = readManifest(folder);
    return modulesOf(manifest).map(([path, conditions]) => {
      const specifier = manifest.name + path.slice(1);
      const module = /^\.\/dist\/(.+)\.js$/.exec(conditions["default"] ?? "")?.[1];
      if (module === undefined) throw new Error(`The entry ${specifier} must have a "default" of the form "./dist/name.js".`);
      return { specifier, file: join(folder, "src", `${module}.ts`) };
    });
  });
}

/** What a module exports. */
export interface ExportedNames {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const list = /^export (type )?\{([^}]*)\}/gm;
const star = /^export \* from "([^"]+)"/gm;
const declaration = /^export (?:declare )?(?:async )?(?:abstract )?(function\*?|const|class|interface|type) (\w+)/gm;

/** Reads the exported names from a source: lists, `export *` and declarations. */
export function exportedNames(file: string): ExportedNames {
  const text = withoutComments(readFileSync(file, "utf8"));
  const values = new Set<string>();
  const types = new Set<string>();
  for (const [, onlyTypes, names = ""] of text.matchAll(list)) {
    for (const item of names.split(",").map((part) => part.trim())) {
      const name = item.split(/\s+/).at(-1);
      if (name !== undefined && name !== "") (onlyTypes !== undefined || item.startsWith("type ") ? types : values).add(name);
    }
  }
  for (const [, kind = "", name = ""] of text.matchAll(declaration)) {
    (kind === "interface" || kind === "type" ? types : values).add(name);
  }
  for (const [, specifier = ""] of text.matchAll(star)) {
    const behind = exportedNames(resolve(dirname(file), specifier));
    for (const name of behind.values) values.add(name);
    for (const name of behind.types) types.add(name);
  }
  return { values: [...values].toSorted(), types: [...types].toSorted() };
}
