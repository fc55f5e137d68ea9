import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, temporaryFolder, writeFiles } from "../support/folder.ts";
import { runNpm } from "../support/npm.ts";
import { runNode } from "../support/run-node.ts";
import type { Outcome } from "../support/run-node.ts";

/** Stands in for npm: notes its arguments and folder, then does what FAKE_NPM says. */
const fakeNpm = `
const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require("node:fs");
appendFileSync(process.env.FAKE_NPM_LOG, process.argv.slice(2).join(" ") + "\\n");
rmSync("node_modules", { recursive: true, force: true });
mkdirSync("node_modules/some-package", { recursive: true });
if (process.env.FAKE_NPM === "interrupt") process.kill(process.pid, "SIGKILL");
else if (process.env.FAKE_NPM === "fail") process.exitCode = 7;
else writeFileSync("node_modules/.package-lock.json", "{}");
`;

interface Clone {
  readonly folder: string;
  /** Runs the clone's install script; `mood` is what the npm it finds does. */
  readonly install: (mood?: "succeed" | "interrupt" | "fail", ...args: readonly string[]) => Promise<Outcome>;
  /** The commands npm was given so far. */
  readonly calls: () => readonly string[];
}

/** A fresh clone, as far as the install script can see, with a lock file written a while ago. */
function freshClone(): Clone {
  const folder = temporaryFolder({ "package-lock.json": "{}", "fake-npm.cjs": fakeNpm });
  mkdirSync(join(folder, ".ci"));
  copyFileSync(join(root, ".ci/install.mjs"), join(folder, ".ci/install.mjs"));
  setTime(folder, "package-lock.json", 1_000_000);
  const log = join(folder, "npm.log");
  const env = { npm_execpath: join(folder, "fake-npm.cjs"), FAKE_NPM_LOG: log, NODE_ENV: "production" };
  return {
    folder,
    install: (mood = "succeed", ...args) => runNode([".ci/install.mjs", ...args], { cwd: folder, env: { ...env, FAKE_NPM: mood } }),
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []),
  };
}

function setTime(folder: string, path: string, seconds: number): void {
  utimesSync(join(folder, path), seconds, seconds);
}

const command = "ci --include=dev --loglevel=warn";

describe(".ci/install.mjs", () => {
  test("installs a fresh clone, dev dependencies under NODE_ENV=production too", async () => {
    const clone = freshClone();
    expect((await clone.install()).code).toBe(0);
    expect(clone.calls()).toEqual([command]);
  });

  test("does not install again, and then prints nothing", async () => {
    const clone = freshClone();
    await clone.install();
    expect(await clone.install()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(clone.calls()).toEqual([command]);
  });

  test("installs again when the lock file is newer", async () => {
    const clone = freshClone();
    await clone.install();
    setTime(clone.folder, "node_modules/.package-lock.json", 1_000_010);
    setTime(clone.folder, "package-lock.json", 1_000_011);
    await clone.install();
    expect(clone.calls()).toEqual([command, command]);
  });

  test("installs again when node_modules was removed", async () => {
    const clone = freshClone();
    await clone.install();
    rmSync(join(clone.folder, "node_modules"), { recursive: true });
    await clone.install();
    expect(clone.calls()).toEqual([command, command]);
  });

  test("reports an interrupted installation, and repairs it on the next run", async () => {
    const clone = freshClone();
    const interrupted = await clone.install("interrupt");
    expect(interrupted.code).toBe(1);
    expect(interrupted.stderr).toMatch(/Cannot install the dependencies of .*stopped by SIGKILL/);
    expect((await clone.install()).code).toBe(0);
    expect(clone.calls()).toEqual([command, command]);
  });

  test("a failure ends with npm's exit code and says what to do", async () => {
    const clone = freshClone();
    const failed = await clone.install("fail");
    expect(failed.code).toBe(7);
    expect(failed.stderr).toMatch(/npm ci did not succeed \(it ended with code 7\)/);
    expect(failed.stderr).toMatch(/run the same command again/);
  });

  test("an npm that cannot be started is named", async () => {
    const clone = freshClone();
    const env = { npm_execpath: join(clone.folder, "no-such-npm") };
    const failed = await runNode([".ci/install.mjs"], { cwd: clone.folder, env });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/no-such-npm.* ENOENT/);
  });

  test("installs a folder of its own when one is named", async () => {
    const clone = freshClone();
    writeFiles(clone.folder, { "test/bench/package-lock.json": "{}" });
    setTime(clone.folder, "test/bench/package-lock.json", 1_000_000);
    await clone.install("succeed", "test/bench");
    expect(existsSync(join(clone.folder, "test/bench/node_modules/.package-lock.json"))).toBe(true);
    expect(clone.calls(), "peers of a benchmark may name newer versions of Node").toEqual([`${command} --no-engine-strict`]);
    expect(existsSync(join(clone.folder, "node_modules"))).toBe(false);
  });

  test("works from any folder: it installs the repository that it belongs to", async () => {
    const clone = freshClone();
    const elsewhere = temporaryFolder();
    const env = { npm_execpath: join(clone.folder, "fake-npm.cjs"), FAKE_NPM_LOG: join(clone.folder, "npm.log") };
    await runNode([join(clone.folder, ".ci/install.mjs")], { cwd: elsewhere, env });
    expect(existsSync(join(clone.folder, "node_modules/.package-lock.json"))).toBe(true);
  });
});

interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
type Packages = Record<string, Locked>;

const readLock = (folder: string): { packages: Packages } =>
  JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: Packages };

/** Where Node would find a package from a folder of the lock file; the folder itself is the first place. */
function lockedFrom(packages: Packages, folder: string, name: string): boolean {
  const place = folder === "" ? "" : `${folder}/`;
  if (`${place}node_modules/${name}` in packages) return true;
  return folder !== "" && lockedFrom(packages, folder.includes("/") ? dirname(folder) : "", name);
}

/** What the locked packages need and the lock file lacks, optional packages of other platforms included. */
function missingFrom(packages: Packages): readonly string[] {
  return Object.entries(packages).flatMap(([folder, locked]) => {
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = locked;
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
    return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]
      .filter((name) => !lockedFrom(packages, folder, name))
      .map((name) => `${folder} needs ${name}`);
  });
}

/** package.json files beside the lock file, in a folder of their own. */
function copyOfManifests(folder: string): string {
  const copy = temporaryFolder();
  const manifests = Object.keys(readLock(folder).packages).filter((path) => !path.includes("node_modules"));
  const settings = existsSync(join(folder, ".npmrc")) ? [".npmrc"] : [];
  for (const path of [...manifests.map((place) => join(place, "package.json")), "package-lock.json", ...settings]) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    copyFileSync(join(folder, path), join(copy, path));
  }
  return copy;
}

const lockFiles = [".", "test/bench", "test/mutation", "test/runtimes", "test/compilers"].filter((folder) =>
  existsSync(join(root, folder, "package.json")),
);

describe.each(lockFiles)("the lock file in %s", (place) => {
  const folder = join(root, place);

  test("has every dependency of its packages, on every platform", () => {
    // Stryker is to take the vitest of the tests, and no other.
    const ofTheTests = place === "test/mutation" ? ["node_modules/@stryker-mutator/vitest-runner needs vitest"] : [];
    expect(missingFrom(readLock(folder).packages)).toEqual(ofTheTests);
  });

  test("fits every package.json", () => {
    const { packages } = readLock(folder);
    for (const [path, locked] of Object.entries(packages).filter(([name]) => !name.includes("node_modules"))) {
      const manifest = JSON.parse(readFileSync(join(folder, path, "package.json"), "utf8")) as Locked;
      for (const kind of ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const) {
        expect(locked[kind] ?? {}, `${kind} of ${path || "the repository"}`).toEqual(manifest[kind] ?? {});
      }
    }
  });

  test("is accepted by npm ci", async () => {
    const { code, stderr } = await runNpm(["ci", "--dry-run"], copyOfManifests(folder));
    expect(code, stderr).toBe(0);
  });
});

test("a lock file that lacks a binary for another platform is reported", () => {
  const { packages } = readLock(root);
  const binary = Object.keys(packages).find((path) => path.startsWith("node_modules/@oxlint/binding-win32-x64")) ?? "";
  const rest = Object.fromEntries(Object.entries(packages).filter(([path]) => path !== binary));
  expect(missingFrom(rest)).toEqual([`node_modules/oxlint needs ${binary.replace("node_modules/", "")}`]);
});
