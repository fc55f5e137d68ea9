// Clients that increment one counter in one session, as fast as they are answered; what counts is that nothing is lost.
import { Server } from "../measure/server.mjs";
import { takeTurnsWith } from "../measure/turns.mjs";
import { clientsOf, countOf, newSessions } from "./answers.mjs";
import { subjects } from "./subjects.mjs";

export const clientCounts = [1, 8, 64];

/** By medium; the first of each list is the floor of those after it. */
export const groups = {
  memory: ["bare Map", "bare Map again", "mini memory", "express-session", "@fastify/session"],
  LMDB: ["bare LMDB", "bare LMDB again", "mini LMDB"],
  SQLite: ["bare SQLite", "bare SQLite again", "mini SQLite"],
  Redis: ["mini Redis"],
  Postgres: ["mini Postgres"],
};

/** Whether the final counter has to be the number of answers with status 200. */
export const isExact = (name) => !name.includes("session");

/** By number of clients, for each name a list of `{ us, answers, others, seconds, counted }`, one a round. */
export async function measureContention(media, plan) {
  const names = media.flatMap((medium) => groups[medium]);
  const clientsWith = (count, cookie) => clientsOf("/change", Array(count).fill(cookie));
  const work = {
    title: "contention",
    names,
    async launch(name) {
      const server = await Server.launch(name, subjects[name]);
      const [cookie] = await newSessions(server, 1);
      return { server, cookie, end: () => server.end() };
    },
    warmUp: ({ server, cookie }) => server.warmUp(clientsWith(Math.max(...clientCounts), cookie)),
    async measure({ server, cookie }) {
      const measured = [];
      for (const count of clientCounts) {
        const before = await countOf(server, cookie);
        const load = await server.load(clientsWith(count, cookie), plan.seconds);
        measured.push({ ...load, counted: (await countOf(server, cookie)) - before });
      }
      return measured;
    },
  };
  const figures = await takeTurnsWith(work, plan);
  const ofClients = (i) => Object.fromEntries(names.map((name) => [name, figures[name].map((measured) => measured[i])]));
  return Object.fromEntries(clientCounts.map((clients, i) => [clients, ofClients(i)]));
}
