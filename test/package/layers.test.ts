import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { modulesOf, packageNames, readManifest, readSources, withoutComments } from "../support/sources.ts";
import type { PackageName, Source } from "../support/sources.ts";

/**
 * The rooms of each package, lowest first: the folders of its sources. A file imports only from its own room and from those to
 * the left, and the files of one room do not import each other in a circle. A package whose list has no "" keeps nothing but its
 * public entries in src itself.
 */
const rooms: Readonly<Record<PackageName, readonly string[]>> = {
  core: words("http tracing bodies forms rules urls routing context events inspector app static server testing"),
  session: words(`
    signing record keeping import settings
    backends backends/memory backends/lmdb backends/redis backends/postgres backends/sqlite backends/cached
    request engine adapters page testing
  `),
};

const sources: Readonly<Record<PackageName, readonly Source[]>> = { core: readSources("core"), session: readSources("session") };

describe.each(packageNames)("the sources of %s", (packageName) => {
  const files = sources[packageName];
  const names = files.map((source) => source.name);
  const manifest = readManifest(join(root, "packages", packageName));
  /** Lowest first; the entries are above all rooms. */
  const order = [...new Set([...rooms[packageName], ""])];
  const levelOf = (name: string): number => order.indexOf(roomOf(name));

  test("are in a room of the list, and every room has one", () => {
    expect([...new Set(names.map(roomOf))].toSorted()).toEqual(order.toSorted());
  });

  test("import only from their own room and from rooms below it, types included", () => {
    const upward = files.flatMap(({ name, own }) =>
      own.filter((other) => levelOf(other) > levelOf(name)).map((other) => `${name} -> ${other}`),
    );
    expect(upward).toEqual([]);
  });

  test("do not import each other in a circle, types included", () => {
    expect(circles(files)).toEqual([]);
  });

  test("import nothing but their own files, Node's modules by the node: prefix and declared dependencies", () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const strange = files.flatMap(({ name, own, foreign }) => [
      ...own.filter((other) => !names.includes(other)).map((other) => `${name} -> ./${other}`),
      ...foreign
        .filter((other) => !(other.startsWith("node:") && isBuiltin(other)) && !declared.includes(packageOf(other)))
        .map((other) => `${name} -> ${other}`),
    ]);
    expect(strange).toEqual([]);
  });

  test("do not import an index.ts, nor their own package by its name", () => {
    const found = files.flatMap(({ name, own, foreign, text }) => [
      ...own.filter((other) => /(?:^|\/)index$/.test(other) && !onlyNames(text, other)).map((other) => `${name} -> ${other}`),
      ...foreign.filter((other) => packageOf(other) === manifest.name).map((other) => `${name} -> ${other}`),
    ]);
    expect(found).toEqual([]);
  });

  test("have index files that only re-export", () => {
    for (const { name, text } of files.filter((source) => /(?:^|\/)index$/.test(source.name))) {
      expect(besidesReExports(text), `what ${name}.ts does besides re-exporting`).toBe("");
    }
  });

  test("are named after one concept, in kebab-case", () => {
    expect(names.filter((name) => !/^(?:[a-z]+(?:-[a-z]+)*\/)*[a-z]+(?:-[a-z]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name) => /(?:^|\/)(?:utils?|helpers?|types|common|misc)$/.test(name))).toEqual([]);
  });

  // What the initialisers of these declarations do is watched where the built modules run, in build.test.ts.
  test("only declare at the top level: no statement runs when a module is imported", () => {
    const harmless =
      /^(?:\s|$|[})\]`<>]|\$\{|\/\/|\/\*|import\b|export\b|const\b|let\b|(?:async )?function\b|(?:abstract )?class\b|interface\b|type\b|declare\b|implements\b)/;
    const found = files.flatMap(({ name, text }) =>
      text
        .split("\n")
        .filter((line) => !harmless.test(line))
        .map((line) => `${name}: ${line}`),
    );
    expect(found).toEqual([]);
  });
});

describe.each(packageNames.filter((name) => !rooms[name].includes("")))("the entries of %s", (packageName) => {
  const files = sources[packageName];
  const manifest = readManifest(join(root, "packages", packageName));
  const entries = modulesOf(manifest).map(([, { default: file = "" }]) => file.replace(/^\.\/dist\/(.*)\.js$/, "$1"));

  test("are all that is in src itself", () => {
    expect(files.map(({ name }) => name).filter((name) => roomOf(name) === "")).toEqual(entries.toSorted());
  });

  test("only re-export", () => {
    for (const { name, text } of files.filter((source) => entries.includes(source.name))) {
      expect(besidesReExports(text), `what ${name}.ts does besides re-exporting`).toBe("");
    }
  });

  test("are imported by no source", () => {
    const found = files.flatMap(({ name, own, text }) =>
      own.filter((other) => entries.includes(other) && !onlyNames(text, other)).map((other) => `${name} -> ${other}`),
    );
    expect(found).toEqual([]);
  });
});

test.each(packageNames)("the diagram of the architecture has the rooms of %s, and an arrow for what they import", (packageName) => {
  const page = readFileSync(join(root, "packages/core/docs/architecture.md"), "utf8");
  const [, diagram = ""] = new RegExp(`subgraph ${packageName}\\[(.*?)\\n  end`, "s").exec(page) ?? [];
  const shown = new Map(Array.from(diagram.matchAll(/(\w+)\["(\w+)\//g), ([, id, room]) => [id!, room!]));
  const arrows = Array.from(diagram.matchAll(/(\w+) --> (\w+)/g), ([, from, to]) => [shown.get(from!)!, shown.get(to!)!] as const);
  const topOf = (name: string) => name.split("/")[0]!;
  const imports = new Set(
    sources[packageName].flatMap(({ name, own }) => (roomOf(name) === "" ? [] : own.map((other) => `${topOf(name)} -> ${topOf(other)}`))),
  );
  const isBelow = (from: string, to: string): boolean => from === to || arrows.some(([start, next]) => start === from && isBelow(next, to));

  expect([...shown.values()].toSorted()).toEqual([...new Set(rooms[packageName].map(topOf))].toSorted());
  expect(arrows.map((arrow) => arrow.join(" -> ")).filter((arrow) => !imports.has(arrow))).toEqual([]);
  expect([...imports].filter((each) => !isBelow(...(each.split(" -> ") as [string, string])))).toEqual([]);
});

test("core does not know what is built on it: the only session it names is an event of Node's HTTP/2 servers", () => {
  const named = sources.core.filter(({ name, text }) => /session/i.test(name + text.replace('.on("session"', "")));
  expect(named.map(({ name }) => name)).toEqual([]);
});

test("session imports core by its public names", () => {
  const entries = modulesOf(readManifest(join(root, "packages/core"))).map(([path]) => `@mini/core${path.slice(1)}`);
  const used = new Set(sources.session.flatMap(({ foreign }) => foreign.filter((other) => packageOf(other) === "@mini/core")));
  expect([...used].filter((specifier) => !entries.includes(specifier))).toEqual([]);
});

test("only the adapter of core's pages imports the framework: the rest of session imports what works without an application", () => {
  const users = sources.session.filter(({ foreign }) =>
    foreign.some((other) => other.startsWith("@mini/core") && other !== "@mini/core/base"),
  );
  expect([...new Set(users.map(({ name }) => roomOf(name)))]).toEqual(["page"]);
  expect([...new Set(loadedWith("base").map(roomOf))].toSorted()).toEqual(["", "context", "forms", "http", "tracing"]);
});

test("no backend imports a driver, its types included", () => {
  const drivers = new Set([
    "lmdb",
    "redis",
    "@redis/client",
    "ioredis",
    "iovalkey",
    "pg",
    "postgres",
    "memjs",
    "node:sqlite",
    "better-sqlite3",
    "@photostructure/sqlite",
  ]);
  const found = sources.session.flatMap(({ name, foreign }) =>
    foreign.filter((other) => drivers.has(packageOf(other))).map((other) => `${name} -> ${other}`),
  );
  expect(found).toEqual([]);
});

test("an adapter imports nothing of its framework but types, to extend them", () => {
  const adapters = sources.session.filter(({ name }) => roomOf(name) === "adapters");
  const foreign = adapters.flatMap(({ foreign }) => foreign.map((other) => packageOf(other)));
  expect([...new Set(foreign)].toSorted()).toEqual(["@mini/core", "fastify", "koa", "node:http", "node:stream"]);
  const loaded = adapters.flatMap(({ text }) => Array.from(text.matchAll(/^import (?!type\b)[^;]*"([^."][^"]*)";$/gm), ([, name]) => name));
  expect([...new Set(loaded)]).toEqual(["@mini/core/base"]);
});

test("no backend imports another one", () => {
  const backendOf = (name: string): string | undefined => /^backends\/(\w+)\//.exec(name)?.[1];
  const found = sources.session.flatMap(({ name, own }) =>
    own
      .filter((other) => backendOf(name) !== undefined && backendOf(other) !== undefined && backendOf(other) !== backendOf(name))
      .map((other) => `${name} -> ${other}`),
  );
  expect(found).toEqual([]);
});

/** The files of core that are loaded with one of them. */
function loadedWith(name: string): readonly string[] {
  const loaded = new Set([name]);
  for (const each of loaded) {
    const { text } = sources.core.find((source) => source.name === each)!;
    for (const [, path] of text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?\bfrom "(\.[^"]+)\.ts";$/gm)) {
      loaded.add(join(each, "..", path!));
    }
  }
  return [...loaded];
}

/** The folder of a file: `"backends/memory"`; `""` for src itself. */
function roomOf(name: string): string {
  return name.split("/").slice(0, -1).join("/");
}

/** Files of one room that lead back to themselves by its imports. */
function circles(files: readonly Source[]): readonly string[] {
  const importsOf = new Map(files.map(({ name, own }) => [name, own.filter((other) => roomOf(other) === roomOf(name))]));
  return files.flatMap(({ name }) => {
    const reached = new Set(importsOf.get(name));
    for (const other of reached) for (const next of importsOf.get(other) ?? []) reached.add(next);
    return reached.has(name) ? [name] : [];
  });
}

/** What is in a file besides `import "..."` and `export ... from "..."`. */
function besidesReExports(text: string): string {
  const statement = /^(?:export (?:type )?(?:\{[^}]*\}|\*) from "[^"]+";|import "[^"]+";|import type \{\} from "[^"]+";)\s*/;
  let rest = withoutComments(text).trimStart();
  for (let match = statement.exec(rest); match !== null; match = statement.exec(rest)) rest = rest.slice(match[0].length);
  return rest;
}

/** Whether an entry names another one only so that a compiler reads its types. */
function onlyNames(text: string, other: string): boolean {
  return text.includes(`\nexport type {} from "./${other}.ts";\n`);
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The package of an import: `"@mini/core"` for `"@mini/core/serve"`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
