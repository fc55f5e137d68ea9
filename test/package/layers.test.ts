import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { packageNames, readManifest, readSources, withoutComments } from "../support/sources.ts";
import type { PackageName, Source } from "../support/sources.ts";

/**
 * The rooms of a package, which are the folders of its `src`, lowest first: a file imports from its own room and from those to
 * the left. A file that is in no room yet is listed as a room of its own.
 */
const layers: Readonly<Record<PackageName, readonly string[]>> = {
  core: words("http rules urls routing context app server testing"),
  session: words(`
    json backend errors testing/bench testing/data testing/expiry testing/owners testing/races testing/records testing
    backends/memory-owners backends/memory backends/write-queue backends/lmdb-table backends/lmdb-keys backends/lmdb-record backends/lmdb
    backends/redis-replicas backends/redis-calls backends/redis-scripts backends/redis-owners backends/redis
    backends/sql-values backends/sqlite/tables backends/sqlite/connection backends/sqlite/owners backends/sqlite/prune backends/sqlite/sqlite sqlite
    backends/postgres-tables backends/postgres-queries backends/postgres-standby backends/postgres-owners backends/postgres-prune
    backends/postgres
    backends/session-cache backends/cache-entry backends/memcached-cache backends/redis-cache backends/cached
    flash life config settings hmac secure-cookie session-ids operations outgoing medium backends/securecookie
    deadline kept-record backends/group-commit backends/keyed-store backends/keyed
    pending-flashes pending-values state handled session owned-sessions sent-cookies slot request-sessions store local middleware mixin index
  `),
};

const sources: Readonly<Record<PackageName, readonly Source[]>> = { core: readSources("core"), session: readSources("session") };

/** The room of a source; a source without one is its own. */
const roomOf = (name: string): string => name.split("/").slice(0, -1).join("/");

describe.each(packageNames)("the sources of %s", (packageName) => {
  const order = layers[packageName];
  const files = sources[packageName];
  const names = files.map((source) => source.name);
  const manifest = readManifest(join(root, "packages", packageName));
  const entryNames = Object.values(manifest.exports ?? {}).map(
    (conditions) => /^\.\/dist\/(.+)\.js$/.exec(conditions["default"] ?? "")?.[1] ?? "",
  );
  const placeOf = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.indexOf(roomOf(name)));
  /** An entry of a package whose files are in rooms belongs to none. */
  const isEntry = (name: string): boolean => entryNames.includes(name) && placeOf(name) === -1;

  test("are all in a room of the list, and no room is empty", () => {
    expect(names.filter((name) => !isEntry(name) && placeOf(name) === -1)).toEqual([]);
    expect(order.filter((_room, place) => !names.some((name) => placeOf(name) === place))).toEqual([]);
  });

  test("import only from their own room and the rooms below it, types included", () => {
    const upward = files
      .filter(({ name }) => !isEntry(name))
      .flatMap(({ name, own }) =>
        own.filter((other) => isEntry(other) || placeOf(other) > placeOf(name)).map((other) => `${name} -> ${other}`),
      );
    expect(upward).toEqual([]);
  });

  test("do not import each other in a circle, types included", () => {
    const importsOf = new Map(files.map(({ name, own }) => [name, own]));
    const finished = new Set<string>();
    const follow = (name: string, way: readonly string[]): readonly string[] => {
      if (way.includes(name)) return [[...way.slice(way.indexOf(name)), name].join(" -> ")];
      if (finished.has(name)) return [];
      const circles = (importsOf.get(name) ?? []).flatMap((other) => follow(other, [...way, name]));
      finished.add(name);
      return circles;
    };
    expect(names.flatMap((name) => follow(name, []))).toEqual([]);
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
    const found = files.flatMap(({ name, own, foreign }) => [
      ...own.filter((other) => /(?:^|\/)index$/.test(other)).map((other) => `${name} -> ${other}`),
      ...foreign.filter((other) => packageOf(other) === manifest.name).map((other) => `${name} -> ${other}`),
    ]);
    expect(found).toEqual([]);
  });

  test("have entries that only re-export", () => {
    const statement = /^(?:export (?:type )?(?:\{[^}]*\}|\*) from "[^"]+";|import "[^"]+";|import type \{\} from "[^"]+";)\s*/;
    for (const { name, text } of files.filter((source) => isEntry(source.name) || /(?:^|\/)index$/.test(source.name))) {
      let rest = withoutComments(text).trimStart();
      for (let match = statement.exec(rest); match !== null; match = statement.exec(rest)) rest = rest.slice(match[0].length);
      expect(rest, `what ${name}.ts does besides re-exporting`).toBe("");
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
        .filter((line) => !harmless.test(line) && !ownProperty(text, line))
        .map((line) => `${name}: ${line}`),
    );
    expect(found).toEqual([]);
  });
});

test("a room of core has at most 12 files, and only entries are in no room", () => {
  const namesIn = (room: string) => sources.core.map(({ name }) => name).filter((name) => roomOf(name) === room);
  expect(namesIn("")).toEqual(["index", "serve", "testing"]);
  expect(layers.core.filter((room) => namesIn(room).length > 12)).toEqual([]);
});

test("core does not know of what is built on it: the only session it names is an event of Node's HTTP/2 servers", () => {
  const named = sources.core.filter(({ name, text }) => /session/i.test(name + text.replace('.on("session"', "")));
  expect(named.map(({ name }) => name)).toEqual([]);
});

test("session imports core by its public names", () => {
  const entries = Object.keys(readManifest(join(root, "packages/core")).exports ?? {}).map((path) => `@mini/core${path.slice(1)}`);
  const used = new Set(sources.session.flatMap(({ foreign }) => foreign.filter((other) => packageOf(other) === "@mini/core")));
  expect([...used].filter((specifier) => !entries.includes(specifier))).toEqual([]);
});

test("no backend imports a driver, its types included", () => {
  const drivers = new Set([
    "lmdb",
    "redis",
    "@redis/client",
    "ioredis",
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

/** A property given to a function of the same file: `html.response = ...`. */
function ownProperty(text: string, line: string): boolean {
  const name = /^(\w+)\.\w+ = /.exec(line)?.[1];
  return name !== undefined && new RegExp(`^(?:export )?function ${name}\\b`, "m").test(text);
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** `"@mini/core/serve"` is of `"@mini/core"`, `"srvx/node"` of `"srvx"`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
