// Ways of building URLs, by name. Each gives, for a shape, what takes arguments and gives a URL.
import { makeRules } from "./rules.mjs";

export const shapes = { static: "/about/team", "one parameter": "/users/:id/edit", "two parameters": "/articles/:id/:slug" };

async function mini() {
  const { App, Rule } = await import(new URL("../../../packages/core/dist/index.js", import.meta.url));
  const others = makeRules(1000).map(({ path }) => new Rule(path, { endpoint: path, buildOnly: true }));
  const rules = Object.entries(shapes).map(([endpoint, path]) => new Rule(path, { endpoint, buildOnly: true }));
  const app = new App({ rules: [...others, ...rules] });
  return (endpoint) => (args) => app.urlFor(endpoint, args);
}

async function pathToRegexp() {
  const { compile } = await import("path-to-regexp");
  return (shape) => compile(shapes[shape]);
}

const byHand = {
  static: () => "/about/team",
  "one parameter": ({ id }) => `/users/${encodeURIComponent(id)}/edit`,
  "two parameters": ({ id, slug }) => `/articles/${encodeURIComponent(id)}/${encodeURIComponent(slug)}`,
};

/** What ours is compared with. */
export const compiler = "path-to-regexp compile()";

export const builders = {
  mini,
  "mini again": mini,
  [compiler]: pathToRegexp,
  "by hand": () => (shape) => byHand[shape],
};
