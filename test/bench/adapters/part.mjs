// CPU time per request with sessions, ours and others in the same framework.
import { measureWithRedis } from "../sessions/databases.mjs";
import { measureScenario, scenarios } from "./scenarios.mjs";

export const part = {
  name: "adapters",
  scenarios: Object.keys(scenarios),
  isPerNode: true,
  measure: ({ wanted, ...plan }) => measureWithRedis(wanted, scenarios, (name) => measureScenario(name, plan)),
};
