// Redis and Postgres of the benchmark's own: on sockets in temporary folders, for as long as it runs.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tsImport } from "tsx/esm/api";
import { atEnd } from "../measure/children.mjs";

/** Where the subjects' processes find them. */
const variables = { Redis: "BENCH_REDIS_SOCKET", Postgres: "BENCH_POSTGRES_URL" };
const starters = { Redis: startRedis, Postgres: startPostgres };

const support = (name) => tsImport(`../../support/${name}.ts`, import.meta.url);

/**
 * Starts those of the media that are databases.
 *
 * @returns Those that are on this machine by medium, with the process `pid` of each and `end`.
 */
export async function startDatabases(media) {
  const started = new Map();
  atEnd(() => endDatabases(started));
  try {
    for (const medium of media.filter((each) => each in starters)) {
      const database = await starters[medium]();
      if (database === undefined) continue;
      started.set(medium, database);
      process.env[variables[medium]] = database.place;
    }
    return started;
  } catch (error) {
    await endDatabases(started);
    throw error;
  }
}

/**
 * Measures scenarios beside a Redis if one of them needs it, and says which are left out because this machine has none.
 *
 * @param wanted - Names of `scenarios`.
 */
export async function* measureWithRedis(wanted, scenarios, measure) {
  const needsRedis = (name) => scenarios[name].medium === "Redis";
  const databases = await startDatabases(wanted.some(needsRedis) ? ["Redis"] : []);
  const isThere = (name) => !needsRedis(name) || databases.has("Redis");
  const missing = wanted.filter((name) => !isThere(name));
  if (missing.length > 0) console.log(`\nLeft out, because this machine has no redis-server: ${missing.join(", ")}.`);
  try {
    for (const name of wanted.filter(isThere)) yield await measure(name);
  } finally {
    await endDatabases(databases);
  }
}

/** May be called again. */
export async function endDatabases(started) {
  const ends = Array.from(started.values(), ({ end }) => end());
  started.clear();
  await Promise.all(ends);
}

/** Keeps nothing on the disk. */
async function startRedis() {
  const [{ findProgram }, { endAtOnce, isReady }] = await Promise.all([support("programs"), support("ports")]);
  const program = findProgram("redis-server");
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  const place = join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", place, "--dir", folder, "--save", "", "--appendonly", "no"];
  const child = spawn(program, settings, { stdio: ["ignore", "pipe", "inherit"] });
  async function end() {
    await endAtOnce(child);
    rmSync(folder, { recursive: true, force: true });
  }
  if (await isReady(child)) return { place, pid: child.pid, end };
  await end();
  throw new Error("redis-server did not start.");
}

/** As in production: what is answered is on the disk. */
async function startPostgres() {
  const [{ findPostgres }, { makePostgres }] = await Promise.all([support("programs"), support("postgres-server")]);
  const programs = findPostgres();
  if (programs === undefined) return undefined;
  const postgres = await makePostgres(programs);
  try {
    await postgres.start();
  } catch (error) {
    await postgres.remove();
    throw error;
  }
  const folder = new URL(postgres.url).searchParams.get("host");
  const [pid] = readFileSync(join(folder, "data/postmaster.pid"), "utf8").split("\n");
  return { place: postgres.url, pid: Number(pid), end: () => postgres.remove() };
}

/** Microseconds of CPU that a process and those it has started have used; NaN where it is not Linux that says so. */
export function cpuOf(pid) {
  if (process.platform !== "linux") return NaN;
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const file = (name) => readFileSync(`/proc/${pid}/task/${thread}/${name}`, "utf8");
    const children = file("children").trim().split(" ").filter(Boolean).map(cpuOf);
    return children.reduce((total, each) => total + each, Number(file("schedstat").split(" ")[0]) / 1000);
  });
  return threads.reduce((total, each) => total + each, 0);
}
