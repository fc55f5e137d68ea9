// How the cost of a request grows: with rules, reads, the size of a session, connections and processes.
import { measureConnections } from "./connections.mjs";
import { measureProcesses } from "./processes.mjs";
import { measureReaders, measureRules } from "./rules.mjs";
import { measureCookie, measureRecord } from "./sessions.mjs";

/** By name what gives one result after the other, and how many servers that takes: of all sizes, and when it is quick. */
const scenarios = {
  rules: { measure: once(measureRules), servers: [6, 3] },
  readers: { measure: once(measureReaders), servers: [8, 4] },
  cookie: { measure: measureCookie, servers: [12, 8] },
  record: { measure: measureRecord, servers: [80, 32] },
  connections: { measure: once(measureConnections), servers: [8, 4] },
  processes: { measure: measureProcesses, servers: [6, 2] },
};
const names = Object.keys(scenarios);

/** Quick is what takes least, unless others are named. */
const inHurry = ["rules", "processes"];
const chosen = ({ isQuick, wanted }) => (isQuick && wanted.length === names.length ? inHurry : wanted);

/** Half of them: what grows is seen sooner than ratios that are near to each other. */
const roundsOf = ({ rounds }) => Math.ceil(rounds / 2);

function once(measure) {
  return async function* (plan) {
    yield await measure(plan);
  };
}

function secondsOf(plan) {
  const each = roundsOf(plan) * (plan.seconds + 0.05) + plan.warmUp / 8000 + 0.3;
  return chosen(plan).reduce((total, name) => total + scenarios[name].servers[plan.isQuick ? 1 : 0] * each, 0);
}

export const part = {
  name: "scale",
  scenarios: names,
  isPerNode: false,
  // What it is made of is checked by other parts.
  isChecked: false,
  seconds: secondsOf,
  async *measure(plan) {
    for (const name of chosen(plan)) yield* scenarios[name].measure({ ...plan, rounds: roundsOf(plan) });
  },
};
