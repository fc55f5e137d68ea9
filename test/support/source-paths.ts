import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The source file of each specifier of the packages, from `paths` in tsconfig.json. The compiler, the linter and tsx read them there.
 * Vitest does not, so it gets them from here.
 */
export function sourcePaths(): ReadonlyMap<string, string> {
  const tsconfig = new URL("../../tsconfig.json", import.meta.url);
  const { compilerOptions } = JSON.parse(readFileSync(tsconfig, "utf8")) as Settings;
  const files = Object.entries(compilerOptions.paths).flatMap(([specifier, targets]) =>
    targets.map((target) => [specifier, fileURLToPath(new URL(target, tsconfig))] as const),
  );
  return new Map(files);
}

interface Settings {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
}
