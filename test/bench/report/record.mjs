// The recording: what the charts in README.md show and `--check` compares with.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { drawCharts } from "./chart.mjs";
import { showCharts } from "./page.mjs";
import { keyOf, summarize } from "./summary.mjs";

const folder = new URL("../results/", import.meta.url);
const file = new URL("recorded.json", folder);

/** `{ machine, results }`, or undefined where nothing was recorded. */
export function readRecorded() {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

const machineOf = ({ platform, arch, cpu, cores }) => ({ platform, arch, cpu, cores });

/** Whether what is recorded is of the same machine, so that figures of today can stand beside it. */
export function isOfThisMachine(machine) {
  return JSON.stringify(readRecorded()?.machine) === JSON.stringify(machineOf(machine));
}

/**
 * Writes results into the recording, all of its charts anew, and into README.md those that it shows. What was recorded before and
 * not measured now stays, as long as it is of the same machine.
 *
 * @param measured - What `describeMachine` gives, `isQuick`, and `results`.
 */
export function record({ results, date, load, node, isQuick, ...described }) {
  const machine = machineOf(described);
  const before = readRecorded();
  const isSame = isOfThisMachine(described);
  const how = (result) => ({ version: node[result.node], date, load: Number(load.toFixed(2)), ...(isQuick && { isQuick }) });
  const now = results.map((result) => ({ ...summarize(result), ...how(result) }));
  const measured = new Set(now.map(keyOf));
  const kept = isSame ? before.results.filter((result) => !measured.has(keyOf(result))) : [];
  const recorded = { machine, results: [...kept, ...now].toSorted(byPart) };
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".svg"))) rmSync(new URL(name, folder));
  for (const [name, svg] of Object.entries(drawCharts(recorded))) writeFileSync(new URL(`${name}.svg`, folder), svg);
  writeFileSync(file, format(recorded));
  showCharts(recorded);
}

const byPart = (one, other) =>
  one.part.localeCompare(other.part) || one.name.localeCompare(other.name) || one.node.localeCompare(other.node);

/** JSON with what is innermost on one line. */
function format(value) {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(/[[{][^[\]{}]*[\]}]/g, (inner) => inner.replace(/\n\s*/g, " "))}\n`;
}
