import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { root } from "./folder.ts";
import { listFiles } from "./sources.ts";

const folders = ["packages/core/docs", "packages/session/docs"];
const single = [
  "README.md",
  "CHANGELOG.md",
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
  "examples/notes/README.md",
  "packages/core/README.md",
  "packages/session/README.md",
  "test/bench/README.md",
  "test/mutation/README.md",
];

/** Every Markdown document of the repository, by its path with slashes. */
export function documents(): readonly string[] {
  const pages = folders.flatMap((folder) => (existsSync(join(root, folder)) ? listFiles(join(root, folder)) : []));
  const markdown = pages.filter((path) => path.endsWith(".md")).map((path) => relative(root, path).split(sep).join("/"));
  return [...single.filter((path) => existsSync(join(root, path))), ...markdown.toSorted()];
}

/** A link or an image of a document. */
export interface Link {
  readonly line: number;
  /** The target as it is written: `"docs/rules.md#hosts"`. */
  readonly target: string;
}

const fenced = /^([ \t]*)(```+|~~~+)[^]*?^\1\2[ \t]*$/gm;
const link = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)|<(?:img|a)\b[^>]*?\b(?:src|href)="([^"]+)"|^\[[^\]]+\]:\s+(\S+)/gm;

/** The links of a document, except those in code. */
export function linksOf(text: string): readonly Link[] {
  const prose = withoutCode(text);
  return Array.from(prose.matchAll(link), (match) => ({
    line: prose.slice(0, match.index).split("\n").length,
    target: (match[1] ?? match[2] ?? match[3])!,
  }));
}

/** The names for links to the headings of a document, as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, title = ""] of text.replaceAll(fenced, "").matchAll(/^#{1,6} (.+?)[ \t]*#*$/gm)) {
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, "")
      .replaceAll(" ", "-");
    let name = slug;
    for (let count = 1; found.has(name); count++) name = `${slug}-${count}`;
    found.add(name);
  }
  return found;
}

/** What is wrong with a link of a document that leads nowhere; `undefined` for a valid link, or one to another site. */
export function linkProblem(document: string, target: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? document : posix.join(posix.dirname(document), decodeURIComponent(path));
  if (file.startsWith("../")) return "leads out of the repository";
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (!file.endsWith(".md")) return `${file} has no headings`;
  return anchorsOf(readFileSync(join(root, file), "utf8")).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

/** The documents that a reader reaches from one of them by links. */
export function reachedFrom(start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const document of reached) {
    for (const { target } of linksOf(readFileSync(join(root, document), "utf8"))) {
      if (/^[a-z][a-z\d+.-]*:/i.test(target)) continue;
      const path = target.split("#")[0]!;
      const file = path === "" ? document : posix.join(dirname(document), path);
      if (file.endsWith(".md") && existsSync(join(root, file))) reached.add(file);
    }
  }
  return reached;
}

/** The text with all code replaced by blanks, so that lines keep their numbers. */
function withoutCode(text: string): string {
  return text.replaceAll(fenced, (block) => block.replaceAll(/[^\n]/g, " ")).replaceAll(/`[^`\n]*`/g, (code) => " ".repeat(code.length));
}
