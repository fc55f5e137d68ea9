// The benchmarks: ours beside its peers, each contestant in a process of its own, in rounds in which they take turns.
//
//   npm run bench -- [--quick] [--only http,read,...] [--node 20,24] [--rounds n] [--seconds n] [--json file] [--record]
//   npm run bench -- --check
//
//   --quick     fewer and shorter rounds on one version of Node: all of it in about six minutes, with more noise
//   --only      parts and scenarios, as parts.mjs has them
//   --node      the one that runs this, such as 20, and 24; both are measured unless it is quick
//   --rounds    how often all take a turn
//   --seconds   of load in each turn
//   --json      a file for all figures
//   --record    writes what was measured to results/, the figures and charts that README.md shows and --check compares with
//   --check     measures only ours and the floor, and fails where ours is worse than recorded, beyond what is noise
//
// What counts is the ratio to the floor in the same round; the floor is measured twice, to show the noise.
import { writeFileSync } from "node:fs";
import { buildPackages } from "./measure/build.mjs";
import { runToEnd } from "./measure/children.mjs";
import { describeMachine } from "./measure/machine.mjs";
import { Progress } from "./measure/progress.mjs";
import { readOptions } from "./options.mjs";
import { loadParts } from "./parts.mjs";
import { compare, describeComparison } from "./report/check.mjs";
import { isOfThisMachine, readRecorded, record } from "./report/record.mjs";
import { keyOf, summarize } from "./report/summary.mjs";
import { describe } from "./report/table.mjs";
import { UsageError } from "./usage-error.mjs";

/** Seconds for a scenario with some ten contestants. */
const guess = ({ rounds, seconds, warmUp, onlyEssential }) => (onlyEssential ? 4 : 10) * (rounds * (seconds + 0.05) + warmUp / 8000 + 0.2);

const secondsOf = ({ part, plan }) => part.seconds?.(plan) ?? plan.wanted.length * guess(plan);

/** Each part on each version of Node that it is for, in turn. */
function makeSteps({ measure, nodes, plan }) {
  return measure.flatMap(({ part, wanted }) =>
    (part.isPerNode ? nodes : nodes.slice(0, 1)).map((node) => ({ part, plan: { ...plan, wanted, node } })),
  );
}

/** @param done - Gets each result as soon as it is there. */
async function measureAll(steps, done = () => undefined) {
  const progress = new Progress();
  for (const step of steps) progress.expect(secondsOf(step));
  const results = [];
  for (const { part, plan } of steps) {
    progress.begin(secondsOf({ part, plan }));
    for await (const result of part.measure({ ...plan, progress })) {
      const named = { part: part.name, node: plan.node.name, ...result };
      results.push(named);
      done(named);
      progress.clear();
      console.log(`\n${titleOf(part, plan, result)}\n${result.text ?? describe(result)}`);
    }
    progress.clear();
  }
  return results;
}

function titleOf(part, { node }, { name, title, measure, figures }) {
  const where = part.isPerNode ? `, Node ${node.version.slice(1)}` : "";
  const rounds = Object.values(figures)[0]?.length ?? 0;
  return `${part.name} ${name}: ${title}${where} (${measure}${rounds > 1 ? `, medians of ${rounds} rounds` : ""})`;
}

/** Whether any of the steps has something recorded. */
function isRecorded(steps, recorded) {
  const keys = new Set(recorded.map(keyOf));
  return steps.some(({ part, plan: { node, wanted } }) =>
    wanted.some((name) => keys.has(keyOf({ part: part.name, node: node.name, name }))),
  );
}

/** What is worse is measured once more, because a busy moment of the machine is soon over. */
async function check(steps, results, recorded) {
  const first = compare(results.map(summarize), recorded);
  const doubtful = new Set(first.filter(({ isWorse }) => isWorse).map(({ key }) => key));
  const isDoubtful = (part, node, name) => doubtful.has(keyOf({ part: part.name, node: node.name, name }));
  const again = steps
    .map(({ part, plan }) => ({ part, plan: { ...plan, wanted: plan.wanted.filter((name) => isDoubtful(part, plan.node, name)) } }))
    .filter(({ plan }) => plan.wanted.length > 0);
  if (again.length > 0) console.log("\nOnce more, what was worse than recorded:");
  const second = compare((await measureAll(again)).map(summarize), recorded);
  const rows = first.map((row) => second.find(({ key }) => key === row.key) ?? row);
  console.log(`\n${describeComparison(rows)}`);
  const worse = rows.filter(({ isWorse }) => isWorse);
  console.log(
    `\nCompared ${rows.length} with what was recorded: ${worse.length === 0 ? "none is worse" : `${worse.length} worse, twice`}.`,
  );
  return worse.length === 0 ? 0 : 1;
}

async function bench() {
  const options = readOptions(await loadParts());
  const steps = makeSteps(options);
  const recorded = readRecorded()?.results ?? [];
  if (options.isCheck && !isRecorded(steps, recorded)) {
    throw new UsageError("There is nothing to compare with: record it first, by npm run bench -- --record.");
  }
  const machine = describeMachine(options.nodes);
  const addsToRecorded = options.isRecorded && isOfThisMachine(machine);
  if (options.isRecorded && !options.isWhole && recorded.length > 0 && !addsToRecorded) {
    throw new UsageError("What is recorded is of another machine, and would be lost: record all of it, without --only and --node.");
  }
  buildPackages();
  const { rounds, seconds, isQuick } = options.plan;
  const asMeasured = (results) => ({ ...machine, isQuick, rounds, seconds, results });
  // A recording that is interrupted keeps what it has measured. On another machine, what was recorded stays until there is a new one.
  const results = await measureAll(steps, addsToRecorded ? (result) => record(asMeasured([result])) : undefined);
  console.log(`\nLoad of the machine at the start: ${machine.load.toFixed(1)} on ${machine.cores} cores.`);
  if (isQuick) console.log("Quick figures are of servers that have hardly warmed up: good for a look, not for a comparison.");
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(asMeasured(results), undefined, 2)}\n`);
  if (options.isRecorded && !addsToRecorded) record(asMeasured(results));
  return options.isCheck ? check(steps, results, recorded) : 0;
}

await runToEnd(() =>
  bench().catch((error) => {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }),
);
