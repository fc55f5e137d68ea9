// CPU time per request of ours beside its peers, each in a process of its own, in rounds that take turns.
//
//   npm run bench -- [--quick] [--rounds n] [--seconds n] [--only hello,read]
//
// What counts is the ratio to bare node:http in the same round; the first row is measured twice, to show the noise.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 3));

const scenarios = [
  { name: "hello", path: "/", contestants: ["bare", "bare again", "als", "mini", "fastify", "hono"] },
  { name: "untouched", path: "/untouched", contestants: ["mini without", "mini", "fastify"] },
  { name: "read", path: "/read", cookie: true, contestants: ["bare", "mini", "fastify"] },
  { name: "change", path: "/change", cookie: true, contestants: ["bare", "mini", "fastify"] },
].filter(({ name }) => values.only === undefined || values.only.split(",").includes(name));

const processes = {
  bare: ["bare"],
  "bare again": ["bare"],
  als: ["bare", "als"],
  mini: ["mini"],
  "mini without": ["mini"],
  fastify: ["fastify"],
  hono: ["hono"],
};

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { cwd: root, stdio: "inherit" });
if (built.status !== 0) process.exit(1);

async function launch(name) {
  const child = fork(new URL("server.mjs", import.meta.url), processes[name], { env: { ...process.env, NODE_ENV: "production" } });
  const [{ port }] = await once(child, "message");
  return { child, port };
}

async function cpu(child) {
  child.send("cpu");
  const [message] = await once(child, "message");
  return message.cpu.user + message.cpu.system;
}

/** Microseconds of CPU for each request. */
async function measure({ child, port }, { path, cookie }, name) {
  const url = `http://127.0.0.1:${port}`;
  const headers = {};
  if (cookie) {
    const response = await fetch(`${url}/change`);
    headers.cookie = response.headers.getSetCookie()[0].split(";")[0];
  }
  const target = url + (name === "mini without" ? "/" : path);
  const before = await cpu(child);
  const result = await autocannon({ url: target, connections: 32, duration: seconds, headers });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${name} failed ${result.non2xx + result.errors} requests of ${target}`);
  return ((await cpu(child)) - before) / result.requests.total;
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

for (const scenario of scenarios) {
  const servers = new Map();
  for (const name of scenario.contestants) servers.set(name, await launch(name));
  const figures = new Map(scenario.contestants.map((name) => [name, []]));
  try {
    for (const server of servers.values()) await measure(server, scenario, "warm-up");
    for (let round = 0; round < rounds; round++) {
      const order = scenario.contestants.map((_name, i, all) => all[(i + round) % all.length]);
      for (const name of order) {
        process.stderr.write(`\r${scenario.name}: round ${round + 1} of ${rounds}, ${name}          `);
        figures.get(name).push(await measure(servers.get(name), scenario, name));
      }
    }
  } finally {
    for (const { child } of servers.values()) child.disconnect();
  }
  process.stderr.write("\r".padEnd(60) + "\r");
  const [first] = scenario.contestants;
  console.log(`\n${scenario.name} (us of CPU per request, median of ${rounds} rounds; ratio: ${first} / this, in the same round)`);
  for (const [name, list] of figures) {
    const ratio = median(list.map((each, i) => figures.get(first)[i] / each));
    console.log(`${name.padEnd(14)}${median(list).toFixed(1).padStart(8)}${ratio.toFixed(2).padStart(8)}`);
  }
}
