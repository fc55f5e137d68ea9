// How the cost of a request grows: with rules, reads, the size of a session, connections and processes.
import { measureConnections } from "./connections.mjs";
import { measureProcesses } from "./processes.mjs";
import { measureReaders, measureRules } from "./rules.mjs";
import { measureCookie, measureRecord } from "./sessions.mjs";

/** By name what gives one result after the other, and seconds that it takes when it is quick. */
const scenarios = {
  rules: { measure: once(measureRules), seconds: 6 },
  readers: { measure: once(measureReaders), seconds: 6 },
  cookie: { measure: measureCookie, seconds: 12 },
  record: { measure: measureRecord, seconds: 36 },
  connections: { measure: once(measureConnections), seconds: 8 },
  processes: { measure: measureProcesses, seconds: 4 },
};

function once(measure) {
  return async function* (plan) {
    yield await measure(plan);
  };
}
const names = Object.keys(scenarios);

/** Quick is what takes least, unless others are named. */
const inHurry = ["rules", "readers", "processes"];
const chosen = ({ isQuick, wanted }) => (isQuick && wanted.length === names.length ? inHurry : wanted);

export const part = {
  name: "scale",
  scenarios: names,
  isPerNode: false,
  // What it is made of is checked by other parts.
  isChecked: false,
  seconds: (plan) => chosen(plan).reduce((total, name) => total + scenarios[name].seconds * (plan.isQuick ? 1 : plan.rounds * 3), 0),
  async *measure({ wanted, ...plan }) {
    for (const name of chosen({ ...plan, wanted })) yield* scenarios[name].measure(plan);
  },
};
