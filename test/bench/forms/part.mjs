// CPU time per request with a form: read, checked by the same schema, and answered in JSON.
import { measureServers } from "../measure/scenario.mjs";
import { verify } from "../measure/verify.mjs";
import { multipart, orderAnswer, pictureAnswer, urlencoded } from "./sent.mjs";

const clients = 32;

/** What is sent, the answer that each must give, and how the two peers are called that read it with a package besides. */
const scenarios = {
  "form-urlencoded": {
    title: "A form of ten fields",
    sent: urlencoded,
    answer: orderAnswer,
    fastify: "@fastify/formbody",
    express: "express",
  },
  "form-multipart": {
    title: "A form with a file of 100 KB",
    sent: multipart,
    answer: pictureAnswer,
    fastify: "@fastify/multipart",
    express: "multer",
  },
};

function scenarioOf(name) {
  const { title, sent, answer, fastify, express } = scenarios[name];
  const server = (module, ...args) => ({ module: new URL(`servers/${module}.mjs`, import.meta.url), args: [name, ...args] });
  const request = { path: "/", method: "POST", ...sent };
  return {
    name,
    title,
    floor: "bare",
    own: "mini",
    twins: ["bare", "bare again"],
    references: ["bare + AsyncLocalStorage", fastify],
    contestants: {
      bare: server("bare"),
      "bare again": server("bare"),
      "bare + AsyncLocalStorage": server("bare", "storage"),
      mini: server("mini"),
      [fastify]: server("fastify"),
      hono: server("hono"),
      [express]: server("express"),
    },
    async prepare(launched) {
      verify(launched.name, await launched.fetch(request), { type: "application/json", body: answer });
      return Array.from({ length: clients }, () => [request]);
    },
  };
}

export const part = {
  name: "forms",
  scenarios: Object.keys(scenarios),
  isPerNode: true,
  async *measure(plan) {
    for (const name of plan.wanted) yield await measureServers(scenarioOf(name), plan);
  },
};
