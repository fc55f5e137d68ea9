// How reads and changes per second grow with the processes of ours that share one medium, each on a port of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "../measure/server.mjs";
import { takeTurns } from "../measure/turns.mjs";
import { clientsOf, newSessions } from "./answers.mjs";
import { cpuOf } from "./databases.mjs";
import { subjects } from "./subjects.mjs";

const counts = { "1 process": 1, "2 processes": 2, "4 processes": 4 };
const most = 4;
const clients = 32;
export const paths = { read: "/read", change: "/change" };
/** Those that several processes can share. */
export const media = ["SQLite", "Redis", "Postgres"];

/**
 * For each title a list of `{ rate, us, server, load }` by number of processes, one a round: answers per second, and
 * microseconds of CPU for each, of ours together, of the database's server and of the clients.
 *
 * @param database - What `startDatabases` gave for the medium.
 */
export async function measureProcesses(medium, database, plan) {
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  const { module, args } = subjects[`mini ${medium}`];
  const servers = [];
  try {
    for (let i = 0; i < most; i++) servers.push(await Server.launch(`mini ${medium}`, { module, args: [...args, folder] }));
    const cookies = await newSessions(servers[0], clients);
    const figures = {};
    for (const [kind, path] of Object.entries(paths)) {
      const title = `${kind}, ${medium}`;
      const measure = (name) => loadAll(share(servers.slice(0, counts[name]), path, cookies), { title, seconds: plan.seconds, database });
      await Promise.all(servers.map((server, i) => server.warmUp(clientsOf(path, shareOf(cookies, i, most)))));
      // The first tells what the processes can take, and is short.
      for (const name of Object.keys(counts)) for (let i = 0; i < 2; i++) await measure(name);
      figures[title] = await takeTurns(`processes: ${title}`, Object.keys(counts), plan, measure);
    }
    return figures;
  } finally {
    await Promise.all(servers.map((server) => server.end()));
    rmSync(folder, { recursive: true, force: true });
  }
}

const shareOf = (cookies, i, count) => cookies.filter((_cookie, k) => k % count === i);

/** Every client stays with one of the processes, and has a session that the first of them has begun. */
const share = (servers, path, cookies) =>
  servers.map((server, i) => ({ server, clients: clientsOf(path, shareOf(cookies, i, servers.length)) }));

/** Puts load on all servers at once. @param database - As for `measureProcesses`. @returns As there, for one round. */
export async function loadAll(all, { title, seconds, database }) {
  const serverCpu = () => (database === undefined ? NaN : cpuOf(database.pid));
  const own = process.cpuUsage();
  const before = serverCpu();
  const loads = await Promise.all(all.map(({ server, clients }) => server.load(clients, seconds)));
  const { user, system } = process.cpuUsage(own);
  const after = serverCpu();
  const sum = (list) => list.reduce((total, each) => total + each, 0);
  const answers = sum(loads.map((load) => load.answers));
  if (loads.some(({ others }) => others > 0)) throw new Error(`Requests of ${title} failed with ${all.length} servers`);
  return {
    rate: answers / Math.max(...loads.map((load) => load.seconds)),
    us: sum(loads.map((load) => load.us * load.answers)) / answers,
    server: (after - before) / answers,
    load: (user + system) / answers,
  };
}
