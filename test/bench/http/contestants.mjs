// Servers by name: a module of `servers/` and its variant.
const modules = {
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

export const names = Object.keys(modules);

/** What `Server.launch` takes, for a scenario. */
export function contestant(name, scenario) {
  const [module, variant = ""] = modules[name];
  return { module: new URL(`servers/${module}.mjs`, import.meta.url), args: [scenario, variant] };
}

/** Those who run as their makers wrote them, without a store around each request. */
export const plain = names.filter((name) => !name.includes("+"));
