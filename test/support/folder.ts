import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/**
 * Makes a temporary folder, removed when the file's tests are done.
 *
 * @param files - What is in it at first: text by path.
 * @returns Its real path.
 */
export function temporaryFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = newFolder(files);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A temporary folder that its caller removes. */
export function newFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mini-")));
  writeFiles(folder, files);
  return folder;
}

/** Writes text files below a folder, and makes the folders in between. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
