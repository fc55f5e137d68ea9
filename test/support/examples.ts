import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { entries, exportedNames } from "./entries.ts";
import { root } from "./folder.ts";

/** A fenced `ts` block of a document or a doc comment. */
export interface Example {
  /** Its place: `"README.md:12"`. */
  readonly place: string;
  /** The name of its file, if the block starts with a line such as `// name.ts`. */
  readonly file: string | undefined;
  readonly code: string;
}

/** Files that are compiled together, as one program. Global declarations of one program do not reach the others. */
export interface Project {
  readonly title: string;
  /** Text by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** The place of each file in the documents. */
  readonly places: Readonly<Record<string, string>>;
  /** Whether no file has global declarations, so that other programs can be compiled beside it. */
  readonly isLoose: boolean;
}

const fence = /^([ \t]*(?:\* ?)?)```ts[ \t]*\n([^]*?)^[ \t]*(?:\* ?)?```[ \t]*$/gm;
const forEverybody = /^declare (?:module|global)\b/m;
const given = /<!-- given: ((?:(?!-->)[^])*) -->\s*$/;

/**
 * Finds the `ts` blocks of a Markdown or TypeScript file.
 *
 * A Markdown block may use a name that only the text around it explains. A comment right above the block, which readers of the page
 * do not see, declares it: `<!-- given: declare const session: Session; -->`.
 */
export function readExamples(path: string): readonly Example[] {
  const text = readFileSync(path, "utf8");
  return Array.from(text.matchAll(fence), (match) => {
    const before = text.slice(0, match.index);
    const code = (match[2] ?? "").replaceAll(/^[ \t]*\* ?/gm, (prefix) => (path.endsWith(".md") ? prefix : ""));
    return {
      place: `${relative(root, path)}:${before.split("\n").length}`,
      file: /^\/\/ ([\w./-]+\.ts)\b/.exec(code)?.[1],
      code: (given.exec(before)?.[1] ?? "") + code,
    };
  });
}

/**
 * Sorts the blocks of one file into programs. Blocks that name their file belong together. When a name is used a second time, another
 * program begins. A block that imports such a file belongs to the program before it. Any other block with global declarations is a
 * program of its own. All other blocks are modules of one program.
 */
export function groupExamples(title: string, examples: readonly Example[]): readonly Project[] {
  const named: Draft[] = [];
  const alone: Draft[] = [];
  const loose: Draft = { files: {}, places: {} };
  for (const example of examples) {
    let name = example.file;
    let draft = named.at(-1);
    if (name !== undefined && (draft === undefined || name in draft.files)) named.push((draft = { files: {}, places: {} }));
    if (name === undefined) {
      if (forEverybody.test(example.code)) alone.push((draft = { files: {}, places: {} }));
      else if (draft === undefined || !/from ["']\.\//.test(example.code)) draft = loose;
      name = `block-${example.place.replace(/^.*:/, "")}.ts`;
    }
    draft!.files[name] = withImports(example.code);
    draft!.places[name] = example.place;
  }
  const drafts = [...named, ...alone, ...(Object.keys(loose.files).length > 0 ? [loose] : [])];
  return drafts.map((draft, index) => ({
    title: drafts.length === 1 ? title : `${title}, program ${index + 1}`,
    ...draft,
    isLoose: !Object.values(draft.files).some((code) => forEverybody.test(code)),
  }));
}

/** The programs of several documents as one project, each in a folder, because starting the compiler takes longer than compiling them. */
export function mergeLoose(title: string, projects: readonly Project[]): readonly Project[] {
  const loose = projects.filter(({ isLoose }) => isLoose);
  const named = (key: "files" | "places") =>
    Object.fromEntries(loose.flatMap((project, index) => Object.entries(project[key]).map(([name, text]) => [`${index}/${name}`, text])));
  return [
    ...projects.filter(({ isLoose }) => !isLoose),
    ...(loose.length > 0 ? [{ title, files: named("files"), places: named("places"), isLoose: true }] : []),
  ];
}

interface Draft {
  readonly files: Record<string, string>;
  readonly places: Record<string, string>;
}

/** Where each public name comes from. */
const homes: ReadonlyMap<string, string> = new Map(
  entries()
    .toReversed()
    .flatMap(({ specifier, file }) => {
      const { values, types } = exportedNames(file);
      return [...values, ...types].map((name) => [name, specifier] as const);
    }),
);

/** Adds imports of the public names that a block uses, if it has no imports. They share the first line, so that line numbers do not change. */
function withImports(code: string): string {
  if (/(?:^|[;}] ?)import\b/m.test(code)) return code; // a `given` comment may come before the import
  const used = new Set(code.replaceAll(/"[^"\n]*"|'[^'\n]*'|\/\/.*/g, "").match(/(?<![.\w$])[A-Za-z]\w*/g));
  const declared = new Set(Array.from(code.matchAll(/\b(?:const|let|function\*?|class|interface|type)\s+(\w+)/g), (match) => match[1]));
  const imports = [...used]
    .filter((name) => homes.has(name) && !declared.has(name))
    .map((name) => `import { ${name} } from "${homes.get(name)}"; `);
  return `${imports.join("")}export {}; ${code}`;
}
