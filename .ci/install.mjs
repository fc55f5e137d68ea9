// Installs the packages in package-lock.json, unless they are installed already. Runs before `npm start`, `npm test` and the like,
// so that a fresh clone needs no extra step. Uses only built-in modules, because nothing else is installed yet.
//
//   node .ci/install.mjs [folder]     folder: beside package.json, such as test/bench; left out, the repository itself
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("..", import.meta.url)));
const folder = resolve(root, process.argv[2] ?? ".");

/** When the file was written, in milliseconds; undefined when there is none. */
function writtenAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** npm writes its own copy of the lock file at the end, so an interrupted installation has none. */
function isInstalled() {
  const wanted = writtenAt(join(folder, "package-lock.json"));
  const installed = writtenAt(join(folder, "node_modules", ".package-lock.json"));
  return wanted !== undefined && installed !== undefined && installed >= wanted;
}

/** Runs `npm ci` with the npm that runs this script, or else the npm on the PATH. */
function npmCi() {
  // NODE_ENV=production and a lower log level are for the script that the user has started, not for the installation.
  const args = ["ci", "--include=dev", "--loglevel=warn"];
  // A script of npm passes on the repository's engine-strict, but peers may require newer versions of Node than they need.
  if (folder !== root) args.push("--no-engine-strict");
  const npm = process.env.npm_execpath;
  const options = { cwd: folder, stdio: "inherit" };
  if (npm === undefined || npm === "") return spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return /\.[cm]?js$/.test(npm) ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync(npm, args, options);
}

if (!isInstalled()) {
  console.error(`Installing the dependencies of ${folder} (npm ci) ...`);
  const { status, signal, error } = npmCi();
  if (status !== 0) {
    const why = error?.message ?? (signal === null ? `it ended with code ${status}` : `it was stopped by ${signal}`);
    console.error(`\nCannot install the dependencies of ${folder}: npm ci did not succeed (${why}).`);
    console.error("Look at npm's own message above, mend what it names (the network, the Node version), and run the same command again.");
    process.exit(status || 1);
  }
}
