// Scenarios by framework, place of the sessions, and what is done with them.
import { measureServers } from "../measure/scenario.mjs";
import { prepareSessions } from "../sessions/answers.mjs";

const clients = 32;

const server = (framework, ...args) => ({ module: new URL(`servers/${framework}.mjs`, import.meta.url), args });
const cookie = (module) => ({ module: new URL(`../sessions/cookies/${module}.mjs`, import.meta.url), args: [] });

/** The session libraries that ours is compared with, by framework and place. The floor is the same application without sessions. */
const peers = {
  express: {
    cookie: { "cookie-session": cookie("cookie-session") },
    memory: { "express-session": server("express", "express-session", "memory") },
    redis: { "express-session": server("express", "express-session", "redis") },
  },
  fastify: {
    cookie: { "@fastify/secure-session": cookie("secure-session") },
    memory: { "@fastify/session": server("fastify", "@fastify/session", "memory") },
    redis: { "@fastify/session": server("fastify", "@fastify/session", "redis") },
  },
  koa: {
    cookie: { "koa-session": cookie("koa-session") },
    memory: { "koa-session": server("koa", "koa-session", "memory") },
  },
  hono: {
    cookie: { "hono-sessions": server("hono", "hono-sessions", "cookie") },
    memory: { "hono-sessions": server("hono", "hono-sessions", "memory") },
  },
  h3: { cookie: { "h3's own": server("h3", "h3", "cookie") } },
};

const titles = { express: "Express 5", fastify: "Fastify", koa: "Koa", hono: "Hono", h3: "h3" };
const places = { cookie: "in a cookie", memory: "in memory", redis: "in Redis" };
const kinds = { untouched: "a session that nobody asks for", read: "a session read", change: "a session changed" };

/** Sessions of h3 cost nothing until they are called, and hono-sessions sets a cookie in every response. */
const neverUntouched = ["h3's own", "hono-sessions"];

function scenario(framework, place, kind, all) {
  const others = Object.fromEntries(Object.entries(all).filter(([name]) => kind !== "untouched" || !neverUntouched.includes(name)));
  const contestants = {
    "no session": server(framework, "none"),
    "no session again": server(framework, "none"),
    mini: server(framework, "mini", place),
    ...others,
  };
  const roles = { floor: "no session", own: "mini", twins: ["no session", "no session again"] };
  const title = `${titles[framework]}: ${kinds[kind]}, ${places[place]}`;
  return { title, path: `/${kind}`, contestants, ...roles, ...(place === "redis" && { medium: "Redis" }) };
}

/** By name. The `medium` of those that need Redis is "Redis". */
export const scenarios = Object.fromEntries(
  Object.entries(peers).flatMap(([framework, byPlace]) =>
    Object.entries(byPlace).flatMap(([place, others]) =>
      Object.keys(kinds).map((kind) => [`${framework}-${kind}-${place}`, scenario(framework, place, kind, others)]),
    ),
  ),
);

/** Prepares the requests. A server without sessions is sent a cookie too, so that it reads as many bytes. */
async function prepare(launched, path) {
  if (!launched.name.startsWith("no session")) return prepareSessions(launched, path, clients);
  const cookies = `session=${"0".repeat(100)}`;
  return Array.from({ length: clients }, () => [{ path, headers: { cookie: cookies } }]);
}

/** @returns As `measureServers`. */
export function measureScenario(name, plan) {
  const { path, ...rest } = scenarios[name];
  return measureServers({ name, ...rest, prepare: (launched) => prepare(launched, path) }, plan);
}
