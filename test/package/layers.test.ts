import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { packageNames, readManifest, readSources, withoutComments } from "../support/sources.ts";
import type { PackageName, Source } from "../support/sources.ts";

/** Every source of a package, lowest first: a file imports only from files to the left of its own. */
const layers: Readonly<Record<PackageName, readonly string[]>> = {
  core: words(`
    errors blanks cookie response-headers response html head nearest steps logger
    converter params rule factories pattern values arg-reader mixed-segments matcher redirect-pattern url-args url-builder compiled-rule
    endpoints rule-candidate rule-args reachable rule-redirects search canonical router check local before-head url-for
    proxy json-body body request redirect application context cross-origin stream handler security-headers middleware dispatch error-page
    routes app index admission connections multiplexed listener serve testing/cookie-jar testing/client testing/in-request testing/index
  `),
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

describe.each(packageNames)("the sources of %s", (packageName) => {
  const order = layers[packageName];
  const files = sources[packageName];
  const names = files.map((source) => source.name);
  const manifest = readManifest(join(root, "packages", packageName));

  test("are all in the list of layers", () => {
    expect(names.toSorted()).toEqual(order.toSorted());
  });

  test("import only from layers below their own, types included", () => {
    const upward = files.flatMap(({ name, own }) =>
      own.filter((other) => order.indexOf(other) >= order.indexOf(name)).map((other) => `${name} -> ${other}`),
    );
    expect(upward).toEqual([]);
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

  test("have index files that only re-export", () => {
    const statement = /^(?:export (?:type )?(?:\{[^}]*\}|\*) from "[^"]+";|import "[^"]+";|import type \{\} from "[^"]+";)\s*/;
    for (const { name, text } of files.filter((source) => /(?:^|\/)index$/.test(source.name))) {
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
