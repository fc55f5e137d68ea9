// Clients that increment one counter in one session, as fast as they are answered; what counts is that nothing is lost.
import { Subject } from "./subject.mjs";
import { takeTurnsWith } from "./turns.mjs";

export const clientCounts = [1, 8, 64];

/** By medium; the first of each list is the floor of those after it. */
export const groups = {
  memory: ["bare Map", "bare Map again", "mini memory", "express-session", "@fastify/session"],
  LMDB: ["bare LMDB", "bare LMDB again", "mini LMDB"],
  Redis: ["mini Redis"],
  Postgres: ["mini Postgres"],
};

/** Whether the final counter has to be the number of answers with status 200. */
export const isExact = (name) => !name.includes("session");

/** By number of clients, for each name a list of `{ us, answers, others, seconds, counted }`, one a round. */
export async function measureContention(media, { rounds, seconds }) {
  const names = media.flatMap((medium) => groups[medium]);
  const figures = await takeTurnsWith({
    title: "contention",
    names,
    rounds,
    async launch(name) {
      const subject = await Subject.launch(name);
      const [cookie] = await subject.newSessions(1);
      return { subject, cookie, end: () => subject.end() };
    },
    warmUp: ({ subject, cookie }) => subject.warmUp("/change", Array(Math.max(...clientCounts)).fill(cookie)),
    async measure({ subject, cookie }) {
      const measured = [];
      for (const clients of clientCounts) {
        const before = await subject.countOf(cookie);
        const load = await subject.load("/change", Array(clients).fill(cookie), seconds);
        measured.push({ ...load, counted: (await subject.countOf(cookie)) - before });
      }
      return measured;
    },
  });
  const ofClients = (i) => Object.fromEntries(names.map((name) => [name, figures[name].map((measured) => measured[i])]));
  return Object.fromEntries(clientCounts.map((clients, i) => [clients, ofClients(i)]));
}
