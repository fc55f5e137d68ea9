import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

const foldersOfPath = (): readonly string[] => (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");

/** Looks for a program on the PATH; returns the full path of the first name that is found. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = foldersOfPath();
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return false;
  }
}

/** A Chromium or Chrome of this machine. */
export function findChromium(): string | undefined {
  return findProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
}

/** The folder with the programs of Postgres on this machine; on Debian they are not on the PATH. */
export function findPostgres(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one)) : [];
  const folders = [...foldersOfPath(), ...versions.map((version) => join(debian, version, "bin"))];
  return folders.find((folder) => ["initdb", "postgres"].every((name) => isProgram(join(folder, name))));
}
