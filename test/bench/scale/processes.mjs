// One process, and two that share a port by node:cluster: a text of one line, and sessions in one file of SQLite.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { contestant } from "../http/contestants.mjs";
import { atEnd } from "../measure/children.mjs";
import { Server } from "../measure/server.mjs";
import { takeTurnsWith } from "../measure/turns.mjs";
import { clientsOf, newSessions } from "../sessions/answers.mjs";
import { loadAll } from "../sessions/processes.mjs";
import { describeProcesses } from "../sessions/report.mjs";
import { subjects } from "../sessions/subjects.mjs";

const clients = 32;
const counts = { "1 process": 1, "2 processes": 2 };
const kinds = ["hello", "read", "change"];

const inSession = (path) => async (server) => clientsOf(path, await newSessions(server, clients));

/** What is launched, and what its clients send. */
const work = {
  hello: { of: () => contestant("mini", "hello"), prepare: () => Array(clients).fill([{ path: "/" }]) },
  read: { of: inFolder, prepare: inSession("/read") },
  change: { of: inFolder, prepare: inSession("/change") },
};

function inFolder(folder) {
  const { module, args } = subjects["mini SQLite"];
  return { module, args: [...args, folder] };
}

/** The same contestant in so many processes. */
function inProcesses(count, { module, args }) {
  if (count === 1) return { module, args };
  return { module: new URL("servers/cluster.mjs", import.meta.url), args: [String(count), String(module), ...args] };
}

async function launch(kind, count, node) {
  const folder = mkdtempSync(join(tmpdir(), "mini-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = atEnd(remove);
  let server;
  async function end() {
    await server?.end();
    remove();
    forget();
  }
  try {
    server = await Server.launch(`${kind} in ${count}`, inProcesses(count, work[kind].of(folder)), node.path);
    return { server, clients: await work[kind].prepare(server), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** For each number of processes what {@link loadAll} gives, a list with one for each round. */
function measureKind(kind, plan) {
  return takeTurnsWith(
    {
      title: `${kind}, processes`,
      names: Object.keys(counts),
      launch: (name) => launch(kind, counts[name], plan.node),
      warmUp: (each) => each.server.warmUp(each.clients, plan.warmUp),
      measure: ({ server, clients: all }) => loadAll([{ server, clients: all }], { title: kind, seconds: plan.seconds }),
    },
    plan,
  );
}

export async function* measureProcesses(plan) {
  const measured = [];
  for (const kind of plan.isQuick ? kinds.slice(0, 1) : kinds) measured.push([kind, await measureKind(kind, plan)]);
  const lists = measured.flatMap(([kind, figures]) => Object.entries(figures).map(([name, list]) => [`${kind}, ${name}`, list]));
  const pick = (of) => Object.fromEntries(lists.map(([name, list]) => [name, list.map(of)]));
  const series = Object.fromEntries(lists.map(([name]) => [name, "own"]));
  const title = "One process and two that share a port, sessions in SQLite";
  const text = measured.map(([kind, figures]) => `${kind}\n${describeProcesses(figures)}`).join("\n");
  yield {
    name: "processes-cpu",
    title,
    unit: "us",
    measure: "us of CPU per request, of all processes",
    series,
    figures: pick(({ us }) => us),
    text,
  };
  // The clients run on the same cores, so that this says less than the CPU time.
  const measure = `us of time per request, with the clients on the same ${cpus().length} cores`;
  yield { name: "processes-time", title, unit: "us", measure, series, figures: pick(({ rate }) => 1e6 / rate) };
}
