// CPU time per request that reads a session or changes it, each client in a session of its own.
import { Subject } from "./subject.mjs";
import { takeTurnsWith } from "./turns.mjs";

const clients = 32;
const memory = ["bare Map", "bare Map again", "bare Map, als", "mini memory", "express-session", "@fastify/session"];
const lmdb = ["bare LMDB", "bare LMDB again", "mini LMDB"];
const redis = ["bare Redis", "bare Redis again", "mini Redis", "express-session, Redis"];
const postgres = ["bare Postgres", "bare Postgres again", "mini Postgres"];

/** By title; the first of the names is the floor. */
export const scenarios = {
  "read, memory": { path: "/read", names: memory },
  "change, memory": { path: "/change", names: memory },
  "read, LMDB": { path: "/read", names: lmdb },
  "change, LMDB": { path: "/change", names: lmdb },
  "read, Redis": { path: "/read", names: redis },
  "change, Redis": { path: "/change", names: redis },
  "read, Postgres": { path: "/read", names: postgres },
  "change, Postgres": { path: "/change", names: postgres },
};

/** Microseconds of CPU for each request: a list for each name, a figure a round. */
export function measureRequests(title, { rounds, seconds }) {
  const { path, names } = scenarios[title];
  return takeTurnsWith({
    title,
    names,
    rounds,
    async launch(name) {
      const subject = await Subject.launch(name);
      return { name, subject, cookies: await subject.newSessions(clients), end: () => subject.end() };
    },
    warmUp: ({ subject, cookies }) => subject.warmUp(path, cookies),
    async measure({ name, subject, cookies }) {
      const { us, others } = await subject.load(path, cookies, seconds);
      if (others > 0) throw new Error(`${name} failed ${others} requests of ${path}`);
      return us;
    },
  });
}
