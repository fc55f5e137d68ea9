// Another contestant's module in several processes that share a port, as in examples/cluster.
import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import { ask, reply } from "../../measure/children.mjs";

const workers = [];

/** @param args - Of the module's `start`. */
export async function start(count, module, ...args) {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: fileURLToPath(new URL("../../measure/contestant.mjs", import.meta.url)), args: [module, ...args] });
  let port;
  for (let i = 0; i < Number(count); i++) {
    const { process: worker } = cluster.fork();
    workers.push(worker);
    // To each of them port 0 is the one that the first was given.
    ({ port } = await reply(worker, "a worker"));
  }
  return port;
}

/** Of the primary, which hands out connections, and of all that answer. */
export async function cpu() {
  const all = [process.cpuUsage()];
  for (const worker of workers) all.push((await ask(worker, "cpu", "a worker")).cpu);
  const sum = (kind) => all.reduce((total, each) => total + each[kind], 0);
  return { user: sum("user"), system: sum("system") };
}
