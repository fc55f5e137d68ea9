// Requests that read a session or change it, each client in a session of its own.
import { measureServers } from "../measure/scenario.mjs";
import { prepareSessions } from "./answers.mjs";
import { cookies, subjects } from "./subjects.mjs";

const clients = 32;

/** What is called only where a session is wanted costs nothing elsewhere. */
const calledByHand = ["iron-session", "react-router"];
const ofUntouched = Object.keys(cookies).filter((name) => !calledByHand.includes(name));
const ofCookies = Object.keys(cookies).filter((name) => name !== "mini, no session");

/** Peers beside `bare ...`, `bare ... again` and `mini ...`. */
const peers = {
  memory: ["bare Map, als", "express-session", "@fastify/session"],
  LMDB: [],
  SQLite: [],
  Redis: ["express-session, Redis", "@fastify/session, Redis"],
  Postgres: [],
};

const pick = (all, names) => Object.fromEntries(names.map((name) => [name, all[name]]));

function inCookie(kind, names, title) {
  const roles = {
    floor: "bare",
    own: "mini",
    twins: ["bare", "bare again"],
    references: names.filter((name) => name === "mini, no session"),
  };
  return { title, path: `/${kind}`, contestants: pick(cookies, names), ...roles };
}

function inStore(kind, medium, title) {
  const floor = medium === "memory" ? "bare Map" : `bare ${medium}`;
  const [again, own] = [`${floor} again`, `mini ${medium}`];
  const contestants = pick(subjects, [floor, again, own, ...peers[medium]]);
  return { title: `${title} in ${medium}`, path: `/${kind}`, medium, contestants, floor, own, twins: [floor, again] };
}

const [read, change] = ["A session read", "A session changed"];
const stores = Object.keys(peers).flatMap((medium) => [
  [`read-${medium.toLowerCase()}`, inStore("read", medium, read)],
  [`change-${medium.toLowerCase()}`, inStore("change", medium, change)],
]);

/** By name; those in a database have its `medium`. */
export const scenarios = {
  untouched: inCookie("untouched", ofUntouched, "A session that nobody asks for, its signed cookie sent"),
  read: inCookie("read", ofCookies, `${read} from a signed cookie`),
  change: inCookie("change", ofCookies, `${change} in a signed cookie`),
  ...Object.fromEntries(stores),
};

/** @returns As `measureServers`. */
export function measureScenario(name, plan) {
  const { path, ...scenario } = scenarios[name];
  return measureServers({ name, ...scenario, prepare: (server) => prepareSessions(server, path, clients) }, plan);
}
