// How reads and changes per second grow with the processes of ours that share one medium, each on a port of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuOf } from "./databases.mjs";
import { Subject } from "./subject.mjs";
import { takeTurns } from "./turns.mjs";

const counts = { "1 process": 1, "2 processes": 2, "4 processes": 4 };
const most = 4;
const clients = 32;
export const paths = { read: "/read", change: "/change" };
export const media = ["LMDB", "Redis", "Postgres"];

/**
 * For each title a list of `{ rate, us, server, load }` by number of processes, one a round: answers per second, and
 * microseconds of CPU for each, of ours together, of the database's server and of the clients.
 *
 * @param database - What `startDatabases` gave for the medium.
 */
export async function measureProcesses(medium, database, { rounds, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  const subjects = [];
  try {
    for (let i = 0; i < most; i++) subjects.push(await Subject.launch(`mini ${medium}`, folder));
    const cookies = await subjects[0].newSessions(clients);
    const figures = {};
    for (const [kind, path] of Object.entries(paths)) {
      const title = `${kind}, ${medium}`;
      const measure = (name) => loadAll(subjects.slice(0, counts[name]), { path, cookies, seconds, database });
      await Promise.all(subjects.map((subject, i) => subject.warmUp(path, shareOf(cookies, i, most))));
      // The first tells what the processes can take, and is short.
      for (const name of Object.keys(counts)) for (let i = 0; i < 2; i++) await measure(name);
      figures[title] = await takeTurns(`processes: ${title}`, Object.keys(counts), rounds, measure);
    }
    return figures;
  } finally {
    for (const subject of subjects) subject.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const shareOf = (cookies, i, count) => cookies.filter((_cookie, k) => k % count === i);

/** Every client stays with one of the processes, and has a session that the first of them has begun. */
async function loadAll(subjects, { path, cookies, seconds, database }) {
  const serverCpu = () => (database === undefined ? NaN : cpuOf(database.pid));
  const own = process.cpuUsage();
  const before = serverCpu();
  const loads = await Promise.all(subjects.map((subject, i) => subject.load(path, shareOf(cookies, i, subjects.length), seconds)));
  const { user, system } = process.cpuUsage(own);
  const after = serverCpu();
  const sum = (list) => list.reduce((total, each) => total + each, 0);
  const answers = sum(loads.map((load) => load.answers));
  if (loads.some(({ others }) => others > 0)) throw new Error(`Requests of ${path} failed with ${subjects.length} processes`);
  return {
    rate: answers / Math.max(...loads.map((load) => load.seconds)),
    us: sum(loads.map((load) => load.us * load.answers)) / answers,
    server: (after - before) / answers,
    load: (user + system) / answers,
  };
}
