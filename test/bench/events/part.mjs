// CPU time per event that is sent to one of many clients, whose event streams are all open.
import { chosen } from "../measure/scenario.mjs";
import { Server } from "../measure/server.mjs";
import { takeTurnsWith } from "../measure/turns.mjs";
import { Listeners } from "./listeners.mjs";

/** Event streams of each server. */
const clients = 100;

/** Events after which the clients must have got all of them, so that a server never has much that waits to be sent. */
const atOnce = 10;

const server = (module) => ({ module: new URL(`servers/${module}.mjs`, import.meta.url) });

const scenario = {
  name: "broadcast",
  title: `An event of 100 bytes sent to ${clients} clients`,
  unit: "us",
  measure: "us of CPU per event and client",
  floor: "bare",
  own: "mini",
  twins: ["bare", "bare again"],
  references: ["better-sse", "@fastify/sse"],
  contestants: {
    bare: server("bare"),
    "bare again": server("bare"),
    mini: server("mini"),
    "better-sse": server("better-sse"),
    "@fastify/sse": server("fastify-sse"),
    hono: server("hono"),
    h3: server("h3"),
  },
};

/** A server, and clients that listen to it. */
async function launch(name, node) {
  const launched = await Server.launch(name, scenario.contestants[name], node.path);
  try {
    const listeners = await Listeners.open(launched, clients);
    return {
      server: launched,
      listeners,
      end() {
        listeners.close();
        return launched.end();
      },
    };
  } catch (error) {
    await launched.end();
    throw error;
  }
}

/** Sends events until enough of them were received or the time is over; at least some. @returns microseconds of CPU for each. */
async function send({ server: sending, listeners }, { fewest = 0, seconds = 0 }) {
  const first = listeners.events;
  const before = await sending.cpu();
  const start = performance.now();
  do {
    const from = listeners.events;
    await Promise.all([sending.send({ from, to: from + atOnce }), listeners.until(from + atOnce)]);
  } while ((listeners.events - first) * clients < fewest || performance.now() - start < seconds * 1000);
  return ((await sending.cpu()) - before) / ((listeners.events - first) * clients);
}

async function measureBroadcast({ seconds, warmUp, ...plan }) {
  const { title, contestants: _contestants, ...about } = scenario;
  const figures = await takeTurnsWith(
    {
      title,
      names: Object.keys(chosen(scenario, plan)),
      launch: (name) => launch(name, plan.node),
      warmUp: (each) => send(each, { fewest: warmUp }),
      measure: (each) => send(each, { seconds }),
    },
    plan,
  );
  return { title, ...about, figures };
}

export const part = {
  name: "events",
  scenarios: [scenario.name],
  isPerNode: true,
  async *measure(plan) {
    yield await measureBroadcast(plan);
  },
};
