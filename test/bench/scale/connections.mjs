// A text of one line over more and more connections, all of them open and in use.
import { verify } from "../measure/verify.mjs";
import { contestant } from "../http/contestants.mjs";
import { hello } from "../http/scenarios.mjs";
import { measureGrowth, resultOf, sizesOf } from "./growth.mjs";

const integer = new Intl.NumberFormat("en");

/** Of each connection in a turn, so that opening it does not count for much. */
const requests = { full: 50, quick: 10 };
/** Requests a second, to tell how long a turn has to be. */
const rate = 20_000;
/** Files that the clients' process, or a server's, has open besides. */
const others = 200;

/** How many files a process may have open; node takes as many as it may. */
function mostFiles() {
  const { open_files: { hard } = {} } = process.report.getReport().userLimits ?? {};
  return typeof hard === "number" ? hard : Infinity;
}

async function prepare(server, { amount }) {
  verify(server.name, await server.fetch({ path: "/" }), { type: "text/plain;charset=utf-8", body: hello });
  return Array(amount).fill([{ path: "/" }]);
}

/** Each number by itself, because more connections need longer turns; ours and the floor take turns. */
export async function measureConnections(plan) {
  const sizes = sizesOf(plan, [10, 100, 500, 2000]);
  const possible = sizes.filter((amount) => amount + others <= mostFiles());
  if (possible.length < sizes.length) console.log(`\nLeft out, because a process may open ${mostFiles()} files: more connections.`);
  const about = { name: "connections", title: "A text of one line over more and more connections" };
  const steps = possible.map((amount) => ({
    size: `${integer.format(amount)} connections`,
    amount,
    mini: contestant("mini", "hello"),
    bare: contestant("bare + AsyncLocalStorage", "hello"),
  }));
  const figures = {};
  for (const step of steps) {
    const seconds = Math.max(plan.seconds, (step.amount * requests[plan.isQuick ? "quick" : "full"]) / rate);
    Object.assign(figures, (await measureGrowth({ ...about, steps: [step], prepare }, { ...plan, seconds })).figures);
  }
  return resultOf({ ...about, steps, figures });
}
