import { readFileSync } from "node:fs";

/** A file of `test/cases`. */
export function readFacts<File>(name: string): File {
  return JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), "utf8")) as File;
}
