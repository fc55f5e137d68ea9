// Rounds in which all take a turn, each time in another order.
import { Server } from "./server.mjs";

/** A list for each name, a figure a round. */
export async function takeTurns(title, names, { rounds, progress }, measure) {
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const i of names.keys()) {
      const name = names[(i + round) % names.length];
      progress.say(`${title}: round ${round + 1} of ${rounds}, ${name}`);
      figures[name].push(await measure(name));
    }
  }
  return figures;
}

/**
 * Launches, warms up, takes turns, and ends all of them whatever happens.
 *
 * @param work - `launch(name)` gives what has `end()`; `warmUp` and `measure` are given that.
 */
export async function takeTurnsWith({ title, names, launch, warmUp, measure }, plan) {
  const all = new Map();
  try {
    plan.progress.say(`${title}: launching ${names.length} contestants`);
    const launched = await Promise.allSettled(names.map(async (name) => all.set(name, await launch(name))));
    for (const { reason } of launched.filter(({ status }) => status === "rejected")) throw reason;
    for (const [name, each] of all) {
      plan.progress.say(`${title}: warming up ${name}`);
      await warmUp(each);
    }
    return await takeTurns(title, names, plan, (name) => measure(all.get(name)));
  } finally {
    await Promise.all(Array.from(all.values(), (each) => each.end()));
  }
}

/**
 * Microseconds of CPU for each request: a list for each contestant, a figure a round.
 *
 * @param scenario - `title`; `contestants`, for each name what {@link Server.launch} takes; `prepare(server)`, which
 *   looks at the server's answers and resolves to what its clients are to send, as {@link Server.load} takes it.
 * @param plan - `rounds`, `seconds` of load in each, `warmUp`, the answers before the first, `node` and `progress`.
 */
export function compareServers({ title, contestants, prepare }, plan) {
  return takeTurnsWith(
    {
      title,
      names: Object.keys(contestants),
      async launch(name) {
        const server = await Server.launch(name, contestants[name], plan.node.path);
        try {
          return { server, clients: await prepare(server), end: () => server.end() };
        } catch (error) {
          await server.end();
          throw error;
        }
      },
      warmUp: ({ server, clients }) => server.warmUp(clients, plan.warmUp),
      async measure({ server, clients }) {
        const { us, others } = await server.load(clients, plan.seconds);
        if (others > 0) throw new Error(`${server.name} failed ${others} requests of ${title}`);
        return us;
      },
    },
    plan,
  );
}
