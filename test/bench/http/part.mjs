// CPU time per request of whole answers over HTTP.
import { measureServers } from "../measure/scenario.mjs";
import { verify } from "../measure/verify.mjs";
import { contestant, names } from "./contestants.mjs";
import { scenarios } from "./scenarios.mjs";

const clients = 32;

function scenarioOf(name) {
  const { title, exchanges } = scenarios[name];
  return {
    name,
    title,
    floor: "bare",
    own: "mini",
    twins: ["bare", "bare again"],
    references: ["bare + AsyncLocalStorage"],
    contestants: Object.fromEntries(names.map((each) => [each, contestant(each, name)])),
    async prepare(server) {
      for (const { request, wanted } of exchanges) verify(server.name, await server.fetch(request), wanted);
      // Clients begin at different places, so that not all ask for the same at once.
      const requests = exchanges.map(({ request }) => request);
      return Array.from({ length: clients }, (_client, i) => requests.map((_request, k) => requests[(i + k) % requests.length]));
    },
  };
}

export const part = {
  name: "http",
  scenarios: Object.keys(scenarios),
  isPerNode: true,
  async *measure(plan) {
    for (const name of plan.wanted) yield await measureServers(scenarioOf(name), plan);
  },
};
