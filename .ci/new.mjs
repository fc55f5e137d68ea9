// Makes a new project in a folder outside of this repository: the pages of the tutorial (examples/sessions), the files of .ci/new,
// both packages as tarballs in `vendor`, and a random key in `.env`. Then installs it.
//
//   npm run new -- ../my-app [--no-install]     --no-install: for another package manager than npm
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = realpathSync(fileURLToPath(new URL("..", import.meta.url)));
const template = join(root, ".ci", "new");
const tutorial = join(root, "examples", "sessions");
/** The pages. The files that read settings and listen are left out, because the template has its own. */
const pages = ["error-pages.ts", "handlers.ts", "layout.ts", "styles.ts", "urls.ts"];
const packages = ["core", "session"];
const usage = "npm run new -- ../my-app";

const { name, install } = readArguments();
// npm runs scripts in the repository. INIT_CWD is the folder of the user.
const folder = resolve(process.env.npm_lifecycle_event === "new" ? (process.env.INIT_CWD ?? ".") : ".", name);
refuseUnlessEmpty();

cpSync(template, folder, { recursive: true });
// With their real names, they would have an effect in this repository, too.
for (const file of ["gitignore", "dockerignore"]) renameSync(join(folder, file), join(folder, `.${file}`));
for (const file of pages) cpSync(join(tutorial, file), join(folder, "src", file));
const env = `# Signs the cookies of sessions. Anyone who knows it can make sessions, so keep this file private.\nSECRET_KEY=${randomBytes(32).toString("base64url")}\n`;
writeFileSync(join(folder, ".env"), env, { mode: 0o600 });
packInto(join(folder, "vendor"));
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
const isInstalled = install && npm(["install", "--no-engine-strict", "--no-audit", "--no-fund", "--loglevel=error"], folder);

const shown = relative(process.env.INIT_CWD ?? process.cwd(), folder) || ".";
console.log(`\nMade ${folder}. Go on with:\n`);
console.log(`  cd ${/^[\w./\\:@+-]+$/.test(shown) ? shown : JSON.stringify(shown)}`);
if (!isInstalled) console.log("  npm install      # or pnpm install, bun install");
console.log("  npm run dev      # http://localhost:8080, restarts when a file changes");
console.log("  npm test\n  npm run build && npm start\n");
if (install && !isInstalled) {
  console.error(
    "Cannot install its packages: npm install did not succeed. See npm's message above, and run npm install in the new folder.",
  );
  process.exitCode = 1;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { "no-install": { type: "boolean", default: false } } });
    if (positionals.length === 1 && positionals[0] !== "") return { name: positionals[0], install: !values["no-install"] };
    const problem = positionals.length > 1 ? `there are ${positionals.length} names; put quotes around one with spaces` : "it has no name";
    return fail(`Cannot make a project: ${problem}. Write ${usage}`, 2);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return fail(`Cannot make a project: ${error.message} Write ${usage}`, 2);
  }
}

/** The folder may exist, if it has only the repository of `git init`. */
function refuseUnlessEmpty() {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory())
    fail(`Cannot make a project in ${folder}: it is a file. Name a folder that does not exist yet.`);
  const inside = found === undefined ? [] : readdirSync(folder).filter((entry) => entry !== ".git");
  if (inside.length > 0) {
    const names = inside.slice(0, 3).join(", ") + (inside.length > 3 ? " ..." : "");
    fail(`Cannot make a project in ${folder}: it is not empty, it has ${names}. Name a folder that is empty or does not exist yet.`);
  }
  const fromRoot = relative(root, realPath(folder));
  if (fromRoot !== ".." && !fromRoot.startsWith(`..${sep}`) && resolve(root, fromRoot) !== fromRoot)
    fail(`Cannot make a project in ${folder}: it is inside this repository. Name a folder outside of it: ${usage}`);
}

/** With links followed as far as the path exists. */
function realPath(path) {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return realpathSync(path);
  return join(realPath(dirname(path)), basename(path));
}

/** Builds both packages and puts their tarballs into a folder. */
function packInto(target) {
  mkdirSync(target);
  console.log("Building the packages ...");
  const built = spawnSync(process.execPath, [join(root, ".ci", "build.mjs")], { stdio: "inherit" });
  if (built.status !== 0) fail("Cannot make a project: the packages could not be built. See the messages above.");
  const folders = packages.map((each) => join(root, "packages", each));
  const packing = ["pack", ...folders, "--ignore-scripts", "--loglevel=error", "--pack-destination", target];
  if (!npm(packing, root, "ignore")) fail("Cannot make a project: npm pack did not succeed. See its message above.");
}

function readManifest(place) {
  return JSON.parse(readFileSync(join(root, place, "package.json"), "utf8"));
}

/** The package.json of the project. */
function manifest() {
  const tarballs = packages.map((each) => [`@mini/${each}`, `file:vendor/mini-${each}-${readManifest(`packages/${each}`).version}.tgz`]);
  const { devDependencies } = readManifest(".");
  return {
    // The name of the folder, with the characters that npm allows.
    name:
      basename(folder)
        .toLowerCase()
        .replaceAll(/[^a-z0-9._-]+/g, "-")
        .replaceAll(/^[^a-z0-9]+|-+$/g, "")
        .slice(0, 100) || "my-app",
    private: true,
    type: "module",
    engines: { node: ">=20.20" },
    scripts: {
      dev: "tsx watch --env-file=.env src/main.ts",
      check: "tsc --noEmit",
      test: "node --import tsx --test tests/*.test.ts",
      build: "tsc -p tsconfig.build.json",
      start: "NODE_ENV=production exec node --enable-source-maps --env-file=.env dist/main.js",
    },
    dependencies: Object.fromEntries(tarballs),
    devDependencies: Object.fromEntries(["@types/node", "tsx", "typescript"].map((each) => [each, `^${devDependencies[each]}`])),
    // npm asks about the scripts of packages; tsx works without that of esbuild.
    allowScripts: { esbuild: false },
  };
}

/** Runs the npm that runs this script, or else the npm on the PATH. Returns whether it succeeded. */
function npm(args, cwd, stdout = "inherit") {
  // Without the variables that npm sets for scripts of this repository, because they would be settings in the new project too.
  const ours = /^npm_(?:package|lifecycle|command)|^npm_config_local_prefix$|^INIT_CWD$/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key)));
  const options = { cwd, env: { ...env, NODE_ENV: "" }, stdio: ["ignore", stdout, "inherit"] };
  const script = process.env.npm_execpath ?? "";
  const result = /npm-cli\.[cm]?js$/.test(script)
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (result.error !== undefined) console.error(`npm could not be started: ${result.error.message}`);
  return result.status === 0;
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
