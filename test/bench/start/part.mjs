// Time from the start of a process until its first answer has come.
import { contestant, plain } from "../http/contestants.mjs";
import { scenarios } from "../http/scenarios.mjs";
import { chosen } from "../measure/scenario.mjs";
import { Server } from "../measure/server.mjs";
import { takeTurns } from "../measure/turns.mjs";
import { verify } from "../measure/verify.mjs";

const scenario = {
  name: "first-answer",
  title: "From the start of a process to its first answer",
  unit: "ms",
  measure: "ms",
  floor: "bare",
  own: "mini",
  twins: ["bare", "bare again"],
};
const [{ request, wanted }] = scenarios.hello.exchanges;

async function start(name, node) {
  const begin = performance.now();
  const server = await Server.launch(name, contestant(name, "hello"), node.path);
  try {
    const found = await server.fetch(request);
    const elapsed = performance.now() - begin;
    verify(name, found, wanted);
    return elapsed;
  } finally {
    await server.end();
  }
}

export const part = {
  name: "start",
  scenarios: [scenario.name],
  isPerNode: true,
  seconds: ({ rounds }) => (rounds + 1) * 8 * 0.3,
  async *measure(plan) {
    const contestants = Object.fromEntries(plain.map((name) => [name, contestant(name, "hello")]));
    const names = Object.keys(chosen({ ...scenario, contestants }, plan));
    // What is on the disk only, and not in memory, is not what is compared.
    for (const name of names) await start(name, plan.node);
    yield { ...scenario, figures: await takeTurns(scenario.title, names, plan, (name) => start(name, plan.node)) };
  },
};
