// What `npm install` of packages brings: how many, and how many bytes their files have.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../measure/build.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));

const readLock = (folder, file) => JSON.parse(readFileSync(join(folder, file), "utf8")).packages;

/** Bytes of a package's own files. */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => (entry.isDirectory() ? sizeOf(join(folder, entry.name)) : statSync(join(folder, entry.name)).size))
    .reduce((sum, size) => sum + size, 0);
}

/** Where Node finds a package that another one asks for, as the lock file has it. */
function placeOf(lock, from, name) {
  const folders = [from, ...Array.from(from.matchAll(/\/node_modules\//g), ({ index }) => from.slice(0, index)).toReversed(), ""];
  return folders.map((folder) => (folder === "" ? "" : `${folder}/`) + `node_modules/${name}`).find((place) => place in lock);
}

/** Places of packages and of all that they bring when they are installed: dependencies, and peers that are not optional. */
function closure(lock, names) {
  const found = new Set();
  function add(from, name, isOptional) {
    const place = placeOf(lock, from, name);
    if (place === undefined && isOptional) return;
    if (place === undefined) throw new Error(`The lock file has no ${name} for ${from}.`);
    if (found.has(place)) return;
    found.add(place);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = lock[place];
    const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
    for (const next of [...Object.keys(dependencies), ...peers]) add(place, next, false);
    for (const next of Object.keys(optionalDependencies)) add(place, next, true);
  }
  for (const name of names) add("", name, false);
  return [...found];
}

const weigh = (folder, places) => ({
  packages: places.length,
  bytes: places.map((place) => sizeOf(join(folder, place))).reduce((sum, size) => sum + size, 0),
});

/** Of those in the lock file of the benchmarks. */
export function weighPeers(names) {
  return weigh(bench, closure(readLock(bench, "package-lock.json"), names));
}

/** Of ours: the built packages are packed and installed as a user would do it, into a folder that is removed again. */
export function weighOwn() {
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  try {
    const packed = npm(root, [
      "pack",
      "--ignore-scripts",
      "--json",
      "-w",
      "packages/core",
      "-w",
      "packages/session",
      "--pack-destination",
      folder,
    ]);
    const files = Object.values(JSON.parse(packed)).map(({ filename }) => join(folder, filename));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
    npm(folder, ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", ...files]);
    return weigh(folder, Object.keys(readLock(folder, "node_modules/.package-lock.json")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function npm(cwd, args) {
  const path = process.env.npm_execpath;
  const [program, first] = path !== undefined && /\.[cm]?js$/.test(path) ? [process.execPath, [path]] : ["npm", []];
  const { status, stdout, stderr } = spawnSync(program, [...first, ...args], {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args[0]} did not succeed: ${stderr}`);
  return stdout;
}
