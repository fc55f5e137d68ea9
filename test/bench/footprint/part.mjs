// What a contestant brings: packages, bytes on the disk, bytes of a bundle, and bytes on the heap of a server that has just started.
import { contestant, plain } from "../http/contestants.mjs";
import { Server } from "../measure/server.mjs";
import { weighBundles } from "./bundles.mjs";
import { weighOwn, weighPeers } from "./installed.mjs";

/** What is installed for a server with sessions and without: ours always has them. */
const peers = {
  hono: ["hono", "@hono/node-server"],
  h3: ["h3"],
  fastify: ["fastify"],
  "fastify + @fastify/secure-session": ["fastify", "@fastify/secure-session"],
  koa: ["koa", "@koa/router", "@koa/bodyparser"],
  "koa + koa-session": ["koa", "@koa/router", "@koa/bodyparser", "koa-session"],
  express: ["express"],
  "express + express-session": ["express", "express-session"],
};

async function heapOf(name, { node }) {
  const server = await Server.launch(name, { ...contestant(name, "hello"), execArgv: ["--expose-gc"] }, node.path);
  try {
    return (await server.heap()) / 1e6;
  } finally {
    await server.end();
  }
}

const own = "mini";

/** By the name of the scenario: its title, and ours, with which the peers are compared. */
const bundled = {
  bundle: ["A bundle of one handler", own],
  "bundle-sessions": ["A bundle of one handler with a session in a cookie", "mini + @mini/session"],
  "bundle-adapter": ["What sessions add to a bundle with Hono", "@mini/session"],
};

export const part = {
  name: "footprint",
  scenarios: ["packages", "size", ...Object.keys(bundled), "heap"],
  isPerNode: false,
  seconds: () => 12,
  async *measure(plan) {
    const { wanted, onlyEssential, progress } = plan;
    if (wanted.includes("packages") || wanted.includes("size")) {
      progress.say("footprint: installing the packed packages");
      const all = { [own]: weighOwn() };
      if (!onlyEssential) for (const [name, packages] of Object.entries(peers)) all[name] = weighPeers(packages);
      const each = (read) => Object.fromEntries(Object.entries(all).map(([name, weighed]) => [name, [read(weighed)]]));
      const packages = { name: "packages", title: "What npm install brings, sessions included", unit: "packages", measure: "packages" };
      if (wanted.includes("packages")) yield { ...packages, own, figures: each((weighed) => weighed.packages) };
      const size = { name: "size", title: "What npm install brings, sessions included", unit: "KB", measure: "KB of files" };
      if (wanted.includes("size")) yield { ...size, own, figures: each(({ bytes }) => bytes / 1000) };
    }
    for (const [name, [title, ours]] of Object.entries(bundled)) {
      if (!wanted.includes(name)) continue;
      progress.say(`footprint: ${name}`);
      const weighed = Object.entries(await weighBundles(name)).filter(([each]) => !onlyEssential || each === ours);
      const figures = Object.fromEntries(weighed.map(([each, size]) => [each, [size]]));
      yield { name, title, unit: "KB", measure: "KB of gzip", own: ours, figures };
    }
    if (!wanted.includes("heap")) return;
    const names = onlyEssential ? ["bare", own] : plain.filter((name) => name !== "bare again");
    const figures = {};
    for (const name of names) {
      progress.say(`footprint: heap of ${name}`);
      figures[name] = [await heapOf(name, plan)];
    }
    yield {
      name: "heap",
      title: "The heap of a server that has started",
      unit: "MB",
      measure: "MB of objects",
      floor: "bare",
      own,
      figures,
    };
  },
};
