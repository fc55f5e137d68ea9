// The benchmarks: ours beside its peers, each contestant in a process of its own, in rounds in which they take turns.
//
//   npm run bench -- [--quick] [--only http,read,...] [--node 20,24] [--rounds n] [--seconds n] [--json file]
//
//   --quick     fewer and shorter rounds on one version of Node: all of it in less than two minutes, with more noise
//   --only      parts and scenarios, as parts.mjs has them
//   --node      20 (the one that runs this) and 24; both are measured unless it is quick
//
// What counts is the ratio to the floor in the same round; the floor is measured twice, to show the noise.
import { readOptions, UsageError } from "./options.mjs";
import { buildPackages } from "./measure/build.mjs";
import { runToEnd } from "./measure/children.mjs";
import { describeMachine } from "./measure/machine.mjs";
import { Progress } from "./measure/progress.mjs";
import { loadParts } from "./parts.mjs";
import { describe } from "./report/table.mjs";
import { writeFileSync } from "node:fs";

/** Seconds for a scenario with some ten contestants. */
const guess = ({ rounds, seconds, warmUp, onlyEssential }) => (onlyEssential ? 4 : 11) * (rounds * (seconds + 0.05) + warmUp + 0.5);

const secondsOf = (part, plan) => part.seconds?.(plan) ?? plan.wanted.length * guess(plan);

/** Each part on each version of Node that it is for, in turn. */
function makeSteps({ measure, nodes, plan }) {
  return measure.flatMap(({ part, wanted }) =>
    (part.isPerNode ? nodes : nodes.slice(0, 1)).map((node) => ({ part, plan: { ...plan, wanted, node } })),
  );
}

async function measureAll(options) {
  const progress = new Progress();
  const steps = makeSteps(options).map(({ part, plan }) => ({ part, plan: { ...plan, progress } }));
  for (const { part, plan } of steps) progress.expect(secondsOf(part, plan));
  const results = [];
  for (const { part, plan } of steps) {
    progress.begin(secondsOf(part, plan));
    for await (const result of part.measure(plan)) {
      progress.clear();
      results.push({ part: part.name, node: plan.node.name, ...result });
      print(part, plan, result);
    }
  }
  return results;
}

function print(part, { node, rounds }, result) {
  const where = part.isPerNode ? `, Node ${node.version.slice(1)}` : "";
  console.log(`\n${part.name} ${result.name}: ${result.title}${where} (${result.unit}, ${result.of}; medians of ${rounds} rounds)`);
  console.log(result.text ?? describe(result));
}

async function bench() {
  const options = readOptions(await loadParts());
  buildPackages();
  const machine = describeMachine(options.nodes);
  const results = await measureAll(options);
  const { rounds, seconds } = options.plan;
  const measured = { ...machine, rounds, seconds, results };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(measured, undefined, 2)}\n`);
  return 0;
}

await runToEnd(() =>
  bench().catch((error) => {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }),
);
