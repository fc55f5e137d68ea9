import { cpSync } from "node:fs";
import { inject } from "vitest";
import type { Built } from "./build-packages.ts";
import { runCompiler } from "./compiler.ts";
import { temporaryFolder, writeFiles } from "./folder.ts";
import { askForShared } from "./once-per-run.ts";

/** Both packages, built once for all files of a run. Each file has its own copy of the folder where they are installed. Call it in `beforeAll`. */
export async function build(): Promise<Built> {
  const built = (await askForShared(inject("builtAt"))) as Built;
  const consumer = temporaryFolder();
  cpSync(built.consumer, consumer, { recursive: true, verbatimSymlinks: true });
  return { ...built, consumer };
}

/** Writes files into a folder and compiles them; returns the compiler's messages. */
export async function compile(folder: string, files: Readonly<Record<string, string>>, compilerOptions: object): Promise<string> {
  const sources = Object.keys(files).filter((name) => name.endsWith(".ts"));
  writeFiles(folder, { ...files, "tsconfig.json": JSON.stringify({ compilerOptions, files: sources }) });
  const { code, stdout, stderr } = await runCompiler(["-p", "."], folder);
  return code === 0 ? "" : stdout + stderr || `the compiler ended with code ${code}`;
}
