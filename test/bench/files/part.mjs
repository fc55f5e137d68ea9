// CPU time per request of files over HTTP.
import { measureServers } from "../measure/scenario.mjs";
import { verify } from "../measure/verify.mjs";
import { contents, writeContents } from "./contents.mjs";

const clients = 32;

const titles = { "file-1k": ["A file of 1 KB", "small.css"], "file-100k": ["A file of 100 KB", "large.css"] };

const names = ["bare", "bare again", "mini", "sirv", "@fastify/static", "hono", "express"];

/** A module of `servers/` for each, without what is no letter. */
const moduleOf = (name) =>
  new URL(
    `servers/${name
      .replace(/ again$/, "")
      .replace(/\W+/g, "-")
      .replace(/^-/, "")}.mjs`,
    import.meta.url,
  );

function scenarioOf(scenario) {
  const [title, file] = titles[scenario];
  const request = { path: `/static/${file}` };
  return {
    name: scenario,
    title,
    floor: "bare",
    own: "mini",
    twins: ["bare", "bare again"],
    references: ["sirv", "@fastify/static"],
    contestants: Object.fromEntries(names.map((name) => [name, { module: moduleOf(name) }])),
    async prepare(server) {
      verify(server.name, await server.fetch(request), { type: "text/css", body: contents[file] });
      return Array.from({ length: clients }, () => [request]);
    },
  };
}

export const part = {
  name: "files",
  scenarios: Object.keys(titles),
  isPerNode: true,
  async *measure(plan) {
    writeContents();
    for (const name of plan.wanted) yield await measureServers(scenarioOf(name), plan);
  },
};
