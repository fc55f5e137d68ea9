// The parts of `npm run bench`, in the order in which they are measured. A part is a module that exports `part`; it is
// plugged in by its name in the list below, and works with the rest as this says:
//
//   name          as --only takes it
//   scenarios     names of what it measures, as --only takes them too
//   isPerNode     whether each version of Node is measured; else only the one that runs the benchmark
//   isChecked     whether --check measures it; left out, it does
//   seconds       of a plan: an estimate of how long it takes, for the progress line; left out, it is computed from the scenarios
//   measure       of a plan: yields one result after the other (an async generator)
//
// What `measure` is given, the plan:
//   wanted        names of the scenarios that are to be measured
//   rounds, seconds, warmUp     how often contestants take a turn, seconds of load in each, and answers before the first
//   node          `{ name, path, version }` of the Node that contestants run on
//   isQuick       whether everything must be done quickly
//   onlyEssential whether contestants that are not needed for ours are left out (for --check)
//   progress      `progress.say(text)` before each step
//
// A result: `name` of the scenario and a `title`; `unit`, such as "us", and `measure`, such as "us of CPU per request"; `figures`,
// for each contestant a list with one figure a round, less is better; `floor`, the contestant that the ratios of the others
// are to, or undefined where figures stand for themselves; `own`, ours; `twins`, two contestants that are the same and so show
// the noise; `references`, more that ratios are shown to; `text`, printed in place of the table; `unable`, for each contestant
// that could not do it the reason; `series`, where one thing is measured at several sizes, for each contestant "own" or "floor":
// a chart shows them in the order of `figures`.
//
// measureServers() in measure/scenario.mjs makes a result of a scenario with servers: it starts them, has them verified,
// and takes the CPU time of their processes. A part with servers needs nothing else.
import { existsSync } from "node:fs";

const modules = [
  "http/part.mjs",
  "files/part.mjs",
  "forms/part.mjs",
  "events/part.mjs",
  "sessions/part.mjs",
  "adapters/part.mjs",
  "routers/router-part.mjs",
  "routers/url-for-part.mjs",
  "start/part.mjs",
  "footprint/part.mjs",
  "scale/part.mjs",
];

/** Loads the parts that exist. */
export async function loadParts() {
  const files = modules.map((module) => new URL(module, import.meta.url)).filter((file) => existsSync(file));
  return Promise.all(files.map(async (file) => (await import(file)).part));
}
