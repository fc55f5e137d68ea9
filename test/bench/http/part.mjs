// CPU time per request of whole answers over HTTP.
import { measureServers } from "../measure/scenario.mjs";
import { verify } from "../measure/verify.mjs";
import { scenarios } from "./scenarios.mjs";

const clients = 32;

/** Module of `servers/` and its variant. */
const contestants = {
  bare: ["bare"],
  "bare again": ["bare"],
  "bare + AsyncLocalStorage": ["bare", "storage"],
  mini: ["mini"],
  fastify: ["fastify"],
  "fastify + AsyncLocalStorage": ["fastify", "storage"],
  hono: ["hono"],
  "hono + AsyncLocalStorage": ["hono", "storage"],
  h3: ["h3"],
  express: ["express"],
  koa: ["koa"],
};

function scenarioOf(name) {
  const { title, exchanges } = scenarios[name];
  const withModules = Object.entries(contestants).map(([contestant, [module, variant = ""]]) => [
    contestant,
    { module: new URL(`servers/${module}.mjs`, import.meta.url), args: [name, variant] },
  ]);
  return {
    name,
    title,
    floor: "bare",
    again: "bare again",
    own: "mini",
    references: ["bare + AsyncLocalStorage"],
    contestants: Object.fromEntries(withModules),
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
