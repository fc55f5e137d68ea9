import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./folder.ts";

/** The rows of a table in a document of the repository, without its head: the text of each cell. */
export function readTable(path: string, heading: string): readonly (readonly string[])[] {
  const text = readFileSync(join(root, path), "utf8");
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start === -1) throw new Error(`${path} has no part "${heading}".`);
  const part = text.slice(start + 1).split("\n## ")[0]!;
  const rows = part.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
