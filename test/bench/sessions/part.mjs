// CPU time per request with sessions: in a signed cookie, in memory and in Redis.
import { measureWithRedis } from "./databases.mjs";
import { measureScenario, scenarios } from "./scenarios.mjs";

/** The others are measured by `npm run bench:sessions`. */
const here = [undefined, "memory", "Redis"];

export const part = {
  name: "sessions",
  scenarios: Object.keys(scenarios).filter((name) => here.includes(scenarios[name].medium)),
  isPerNode: true,
  measure: ({ wanted, ...plan }) => measureWithRedis(wanted, scenarios, (name) => measureScenario(name, plan)),
};
