import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";
import { readTable } from "../support/markdown-table.ts";
import { packageNames, readSources } from "../support/sources.ts";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));
const readLock = (folder: string) => (read(join(folder, "package-lock.json")) as { packages: Record<string, Locked> }).packages;
const locks = {
  ".": readLock("."),
  "test/bench": readLock("test/bench"),
  "test/mutation": readLock("test/mutation"),
  "test/runtimes": readLock("test/runtimes"),
  "test/compilers": readLock("test/compilers"),
};
const manifest = read("package.json") as Locked;
const isForeign = (name: string) => !name.startsWith("@mini/");

/** Where the packages of other people are asked for, by package, as the package.json files have it. */
function wanted(): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  const add = (place: string, names: object = {}) => {
    for (const name of Object.keys(names).filter(isForeign)) places.set(name, (places.get(name) ?? new Set()).add(place));
  };
  for (const [folder, { dependencies, devDependencies, peerDependencies }] of Object.entries(locks["."])) {
    if (folder.includes("node_modules")) continue;
    add(folder.startsWith("packages/") ? folder.replace("packages", "@mini") : "examples", dependencies);
    add("tests", devDependencies);
    add("peer", peerDependencies);
  }
  add("benchmarks", locks["test/bench"][""]!.dependencies);
  add("mutation tests", locks["test/mutation"][""]!.dependencies);
  add("runtimes", locks["test/runtimes"][""]!.dependencies);
  add("compilers", locks["test/compilers"][""]!.dependencies);
  return places;
}

const table = readTable(".github/SECURITY.md", "Dependencies");
const permissive = ["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "CC0-1.0"];

describe("the table of dependencies", () => {
  test("has each package that is asked for, says where, and has no other", () => {
    const found = table.map(([name, where]) => `${name}: ${where!.split(", ").toSorted().join(", ")}`);
    const expected = [...wanted()].map(([name, places]) => `${name}: ${[...places].toSorted().join(", ")}`);
    expect(found.toSorted()).toEqual(expected.toSorted());
  });

  test.each(table)("says of %s what it is for, and its licence as the package has it", (name, where, licence, why) => {
    expect(why!.length).toBeGreaterThan(7);
    expect(permissive).toContain(licence);
    const places = {
      benchmarks: "test/bench",
      "mutation tests": "test/mutation",
      runtimes: "test/runtimes",
      compilers: "test/compilers",
    } as const;
    const apart =
      where === "benchmarks, runtimes" ? locks["test/bench"] : where! in places ? locks[places[where as keyof typeof places]] : undefined;
    const installed = apart === undefined ? read(`node_modules/${name}/package.json`) : apart[`node_modules/${name}`];
    expect((installed as Locked).license).toBe(licence);
  });
});

/** What is installed with some packages, themselves included, by its place in the lock file. */
function closure(names: readonly string[]): ReadonlyMap<string, Locked> {
  const found = new Map<string, Locked>();
  const add = (from: string, name: string): void => {
    const parts = from.split("/node_modules/");
    const places = parts.map((_part, i) => `${parts.slice(0, parts.length - i).join("/node_modules/")}/node_modules/${name}`);
    const place = [...(from === "" ? [] : places), `node_modules/${name}`].find((each) => each in locks["."]);
    if (place === undefined) throw new Error(`The lock file has no ${name} for ${from}.`);
    if (found.has(place)) return;
    const locked = locks["."][place]!;
    found.set(place, locked);
    for (const next of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) add(place, next);
  };
  for (const name of names) add("", name);
  return found;
}

/** Why npm would run something when a package is installed; "" when it would not. */
function runsAtInstall(place: string): string {
  const { scripts = {} } = read(`${place}/package.json`) as Locked;
  const names = ["preinstall", "install", "postinstall"].filter((name) => name in scripts);
  return [...names, ...(existsSync(join(root, place, "binding.gyp")) ? ["binding.gyp"] : [])].join(", ");
}

const namesIn = (place: string) => [...wanted()].filter(([, places]) => places.has(place)).map(([name]) => name);

describe("what an application installs", () => {
  test("with the packages runs nothing, and has a permissive licence", () => {
    const all = closure(packageNames.flatMap((name) => namesIn(`@mini/${name}`)));
    expect([...all.keys()].toSorted()).toEqual([
      "node_modules/cookie",
      "node_modules/mrmime",
      "node_modules/negotiator",
      "node_modules/path-to-regexp",
    ]);
    for (const [place, { hasInstallScript, license }] of all) {
      expect([place, hasInstallScript ?? false, runsAtInstall(place)]).toEqual([place, false, ""]);
      expect(permissive, place).toContain(license);
      expect((read(`${place}/package.json`) as Locked).license, place).toBe(license);
    }
  });

  test("with the peer dependencies has an install script only for lmdb, which has prebuilt binaries; this repository does not run it", () => {
    const all = closure(namesIn("peer"));
    const scripted = [...all].filter(([, { hasInstallScript }]) => hasInstallScript).map(([place]) => place);
    expect(scripted.toSorted()).toEqual(["node_modules/lmdb", "node_modules/msgpackr-extract"]);
    for (const [place, { license }] of all) {
      expect(permissive, place).toContain(license);
      // Those of other platforms are not installed.
      if (!existsSync(join(root, place)) || scripted.includes(place)) continue;
      expect([place, runsAtInstall(place)]).toEqual([place, ""]);
    }
    expect(runsAtInstall("node_modules/lmdb")).toBe("install, binding.gyp");
    const { optionalDependencies = {}, version } = locks["."]["node_modules/lmdb"]!;
    for (const platform of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-arm64", "win32-x64"]) {
      expect(optionalDependencies[`@lmdb/lmdb-${platform}`], platform).toBe(version);
      expect(locks["."][`node_modules/@lmdb/lmdb-${platform}`]?.hasInstallScript ?? false, platform).toBe(false);
    }
    expect(locks["."]["node_modules/msgpackr-extract"]?.optional).toBe(true);
  });

  test("every script that an installation could run is named, and none is allowed", () => {
    const scripted = Object.entries(locks["."]).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = scripted.map(([place]) => [place.split("node_modules/").at(-1)!, false]);
    expect(manifest.allowScripts).toEqual(Object.fromEntries(names));
  });
});

describe.each(["." as const, "test/bench" as const, "test/mutation" as const, "test/runtimes" as const, "test/compilers" as const])(
  "the lock file in %s",
  (folder) => {
    const foreign = Object.entries(locks[folder]).filter(([place, { link }]) => place.includes("node_modules/") && link !== true);

    test("has one version and a SHA-512 of every package", () => {
      expect(foreign.length).toBeGreaterThan(10);
      const loose = foreign.filter(
        ([, { version = "", integrity = "" }]) => !/^\d/.test(version) || !/^sha512-[\w+/]{86}==$/.test(integrity),
      );
      expect(loose.map(([place]) => place)).toEqual([]);
    });

    test("names no other source than npm's own registry", () => {
      const places = new Set(foreign.map(([, { resolved }]) => resolved?.replace(/^(https:\/\/registry\.npmjs\.org\/).*/, "$1")));
      expect([...places].filter((place) => place !== undefined && place !== "https://registry.npmjs.org/")).toEqual([]);
      // If a lock file names a source for some packages only, the others could come from anywhere.
      expect(places.size).toBe(1);
    });
  },
);

test("cryptography is Node's, by these algorithms, and Math.random draws nothing but a pause", () => {
  const sources = packageNames.flatMap((name) => readSources(name).map((source) => ({ ...source, name: `${name}/${source.name}` })));
  const used = sources.flatMap(({ name, text }) =>
    Array.from(
      text.matchAll(/\b(hash(?=\(["'])|\w*(?:Hash|Hmac|[Cc]ipheriv|hkdf|pbkdf2|scrypt)\w*)\((?:["'](\S+?)["'])?/g),
      ([, call, algorithm]) => [name, call, algorithm].join(" "),
    ),
  );
  expect([...new Set(used)].toSorted()).toEqual([
    "core/static/file-cache createHash sha256",
    "session/backends/cached/entry createHash sha256",
    "session/backends/lmdb/keys createHash sha256",
    "session/backends/postgres/queries createHash sha256",
    // The name that Redis itself gives a script.
    "session/backends/redis/calls createHash sha1",
    "session/backends/redis/owners createHash sha256",
    "session/backends/sql-values createHash sha256",
    // For cookies of other libraries, whose sessions are imported.
    "session/import/cookie-values createHmac ",
    "session/signing/encryption createCipheriv aes-256-gcm",
    "session/signing/encryption createDecipheriv aes-256-gcm",
    "session/signing/signing Hmac ",
    "session/signing/signing hash sha256",
    "session/signing/signing hkdfSync sha256",
  ]);
  const drawing = sources.filter(({ text }) => text.includes("Math.random")).map(({ name }) => name);
  expect(drawing).toEqual(["session/backends/write-queue", "session/keeping/group-commit"]);
  const other = sources.filter(({ text }) =>
    /\bcrypto\.|\bsubtle\b|getRandomValues|randomUUID/.test(text.replaceAll("crypto.randomBytes(32).toString", "")),
  );
  // The id of a request, for logs.
  expect(other.map(({ name }) => name)).toEqual(["core/context/request"]);
});
