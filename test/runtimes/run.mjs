// Runs the suite on every runtime, and prints a table. Fails if a check fails, and with CI=true if a runtime or a server is missing.
//
//   npm run test:runtimes -- [runtimes ...]     such as bun, deno, workerd, node22; left out, all
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildPackages } from "../bench/measure/build.mjs";
import { freePort } from "../support/ports.ts";
import { makePostgres } from "../support/postgres-server.ts";
import { findPostgres, findProgram } from "../support/programs.ts";
import { checks } from "./suite.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node = (version) => here(`node_modules/node${version}/bin/node`);

/**
 * The programs are copied to a folder of their own with the built packages: in this repository, the tsconfig.json leads Bun and esbuild to
 * the sources.
 */
const folder = mkdtempSync(join(tmpdir(), "mini-runtimes-"));
const modules = join(folder, "node_modules");
mkdirSync(join(modules, "@mini"), { recursive: true });
for (const name of ["core", "session"]) symlinkSync(here(`../../packages/${name}`), join(modules, "@mini", name));
for (const name of ["elysia", "pg", "redis"]) symlinkSync(here(`../../node_modules/${name}`), join(modules, name));
for (const name of ["apps.mjs", "frameworks.mjs", "launch.mjs", "worker.mjs", "files"])
  cpSync(here(name), join(folder, name), { recursive: true });
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
const launcher = join(folder, "launch.mjs");

/** For each runtime: its name, and the command for its own server or for serve(). */
const runtimes = {
  ...Object.fromEntries(
    [20, 22, 24, 26].map((version) => [`node${version}`, { name: `Node ${version}`, command: [node(version), launcher] }]),
  ),
  bun: { name: "Bun", command: [here("node_modules/.bin/bun"), launcher] },
  deno: { name: "Deno", command: [here("node_modules/.bin/deno"), "run", "-A", "--no-prompt", "--node-modules-dir=manual", launcher] },
  workerd: {
    name: "workerd",
    command: [node(22), here("launch-workerd.mjs"), join(folder, "worker.mjs")],
    doors: ["fetch"],
    // Only `request.signal` tells that a client has left, and only with a flag of its own. A stream that breaks ends like one that is complete.
    // The proxy in Miniflare keeps connections that are to be closed.
    lacks: ["disk", "redis", "postgres", "clients that leave a stream", "streams that break", "targets and hosts that are not plain"],
  },
};

/** What is left out because this machine does not have it. */
const omissions = [];
const failures = [];
/** The programs that are under way. */
const running = new Set();

async function run(runtime, servers) {
  const cells = new Map();
  await Promise.all((runtime.doors ?? ["fetch", "serve"]).map((door) => runDoor(runtime, door, servers, cells)));
  return cells;
}

/** Runs the checks through one door, and adds their results to `cells`. */
async function runDoor({ name, command, lacks = [] }, door, servers, cells) {
  const child = spawn(command[0], [...command.slice(1), door, ...servers], { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exit = once(child, "exit").catch((error) => [error]);
  try {
    const first = await Promise.race([lines.next(), exit.then(() => ({ done: true })), late(60_000, "start")]);
    if (first.done) throw new Error(`It did not start: ${said}`);
    const urls = JSON.parse(first.value);
    const close = async () => {
      child.stdin.write("close\n");
      const { value } = await Promise.race([lines.next(), late(20_000, "close")]);
      if (value !== "closed") throw new Error(`It did not close: ${said}`);
    };
    for (const { title, run: ask, only, kind } of checks) {
      if (urls[kind] === undefined || [title, only, kind].some((each) => lacks.includes(each)) || (only === "serve" && door !== "serve"))
        continue;
      const saidBefore = said.length;
      try {
        await Promise.race([ask({ url: urls[kind], close }), late(60_000, title)]);
        if (cells.get(title) !== "fails") cells.set(title, "yes");
      } catch (error) {
        cells.set(title, "fails");
        failures.push(`${name}, ${door}, ${title}: ${error.stack}\nIt said: ${said.slice(saidBefore)}`);
      }
    }
  } catch (error) {
    failures.push(`${name}, ${door}: ${error.message}`);
  } finally {
    child.stdin.end();
    if ((await Promise.race([exit, late(10_000, "end").catch(() => undefined)])) === undefined) {
      failures.push(`${name}, ${door}: it did not end after close().`);
      child.kill("SIGKILL");
    }
    running.delete(child);
  }
}

function late(milliseconds, what) {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`Not after ${milliseconds / 1000} seconds: ${what}`)), milliseconds).unref();
  });
}

async function startRedis() {
  const program = findProgram("redis-server");
  if (program === undefined) return undefined;
  const port = await freePort();
  const child = spawn(program, ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.includes("Ready to accept connections")) break;
  child.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    async end() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function startPostgres() {
  const programs = findPostgres();
  if (programs === undefined) return undefined;
  const port = await freePort();
  const server = await makePostgres(programs, { listen_addresses: "127.0.0.1", port: String(port) });
  await server.start();
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, end: () => server.remove() };
}

/** A Markdown table; `–` for what a runtime cannot do or was not asked. */
function tableOf(columns) {
  const rows = checks.map(({ title }) => `| ${[title, ...columns.map(({ cells }) => cells.get(title) ?? "–")].join(" | ")} |`);
  return [`| | ${columns.map(({ name }) => name).join(" | ")} |`, `|${" --- |".repeat(columns.length + 1)}`, ...rows].join("\n");
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in runtimes));
if (unknown.length > 0) throw new Error(`No such runtime: ${unknown.join(", ")}. There are ${Object.keys(runtimes).join(", ")}.`);
buildPackages();
const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
if (redis === undefined) omissions.push("redis-server is not on this machine");
if (postgres === undefined) omissions.push("Postgres is not on this machine");
const columns = [];
setTimeout(() => {
  console.error("FAILED: the runtimes have not answered everything within two minutes.");
  for (const child of running) child.kill("SIGKILL");
  // They are told to end at once, and this process does not wait for it.
  void redis?.end();
  void postgres?.end();
  process.exit(1);
}, 115_000).unref();
try {
  for (const [key, runtime] of Object.entries(runtimes)) {
    if (wanted.length > 0 && !wanted.includes(key)) continue;
    if (spawnSync(runtime.command[0], ["--version"]).status !== 0) {
      omissions.push(`${runtime.name} does not run on this machine`);
      continue;
    }
    columns.push({ name: runtime.name, cells: await run(runtime, [redis?.url ?? "", postgres?.url ?? ""]) });
  }
} finally {
  await Promise.all([redis?.end(), postgres?.end()]);
  rmSync(folder, { recursive: true });
}
console.log(tableOf(columns));
for (const each of failures) console.error(`\nFAILED: ${each}`);
for (const each of omissions) console.error(`LEFT OUT: ${each}.`);
process.exitCode = failures.length > 0 || (omissions.length > 0 && process.env.CI === "true") ? 1 : 0;
