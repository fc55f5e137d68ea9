import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./folder.ts";

/** A table without its head: the text of each cell, row by row. */
export type Table = readonly (readonly string[])[];

/** The rows of the tables in a part of a document of the repository, one after the other. */
export function readTable(path: string, heading: string): Table {
  return readTables(path, heading).flat();
}

/** The tables in a part of a document of the repository. Without a heading, the tables before the first `##` heading. */
export function readTables(path: string, heading?: string): readonly Table[] {
  const text = readFileSync(join(root, path), "utf8");
  const start = heading === undefined ? 0 : text.indexOf(`\n## ${heading}\n`) + 1;
  if (heading !== undefined && start === 0) throw new Error(`${path} has no part "${heading}".`);
  const part = text.slice(start).split("\n## ")[0]!;
  return Array.from(part.matchAll(/^\|.*\n\|[ :|-]+\n((?:\|.*(?:\n|$))*)/gm), ([, rows = ""]) => rows.trimEnd().split("\n").map(cellsOf));
}

function cellsOf(row: string): readonly string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
