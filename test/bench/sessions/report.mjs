// What was measured, as text.
import { median, ratio } from "../measure/statistics.mjs";
import { number, table } from "../report/table.mjs";
import { isExact } from "./contention.mjs";

const integer = new Intl.NumberFormat("en");
const sum = (list) => list.reduce((total, each) => total + each, 0);
const pluck = (list, name) => list.map((each) => each[name]);

/** @param groups - Lists of names; the first of each is the one that the ratios of the others are to. */
export function describeContention(figures, groups) {
  const head = ["", "commits/s", "us", "ratio", "answers", "counted", "lost", "other answers"];
  const rows = groups.flatMap((names) =>
    names.map((name) => {
      const list = figures[name];
      const [answers, counted, others] = ["answers", "counted", "others"].map((key) => sum(pluck(list, key)));
      const rate = median(list.map((each) => each.counted / each.seconds));
      const us = pluck(list, "us");
      const relative = ratio(us, pluck(figures[names[0]], "us")).toFixed(2);
      return [
        name,
        number(rate),
        number(median(us)),
        relative,
        ...[answers, counted, answers - counted, others].map((each) => integer.format(each)),
      ];
    }),
  );
  return table([head, ...rows]);
}

/** Those whose counter has to be exact and is not, in words. */
export function lostUpdates(contention) {
  return Object.entries(contention).flatMap(([clients, figures]) =>
    Object.entries(figures).flatMap(([name, list]) => {
      const lost = isExact(name) ? sum(list.map(({ answers, counted }) => answers - counted)) : 0;
      return lost === 0 ? [] : [`${name} with ${clients} clients by ${integer.format(lost)}`];
    }),
  );
}

/** @param groups - Lists of names by title; the first of each is the one that the ratios of the others are to. */
export function describeOperations(figures, groups) {
  const rows = Object.entries(groups).flatMap(([title, names]) => [
    [title, "", "", "", ""],
    ...names.map((name) => {
      const columns = ["ns", "cpu"].flatMap((key) => {
        const own = pluck(figures[name], key);
        return [number(median(own) / 1000), ratio(own, pluck(figures[names[0]], key)).toFixed(2)];
      });
      return [`  ${name}`, ...columns];
    }),
  ]);
  return table([["", "us", "ratio", "CPU us", "ratio"], ...rows]);
}

/** One row for each number of processes; the ratio is that of the rates to the first. */
export function describeProcesses(figures) {
  const [one] = Object.values(figures);
  const rows = Object.entries(figures).map(([name, list]) => {
    const [rate, us, server, load] = ["rate", "us", "server", "load"].map((key) => median(pluck(list, key)));
    const cores = (rate * (us + (Number.isNaN(server) ? 0 : server) + load)) / 1e6;
    const columns = [us, Number.isNaN(server) ? "-" : server, load].map((value) => (value === "-" ? value : number(value)));
    return [name, number(rate), ratio(pluck(list, "rate"), pluck(one, "rate")).toFixed(2), ...columns, cores.toFixed(2)];
  });
  return table([["", "answers/s", "ratio", "us of ours", "of the server", "of the clients", "cores in use"], ...rows]);
}

const met = (value, isMet) => `${value.toFixed(2)}, ${isMet ? "met" : "not met"}`;

/** Whether the targets are met, as far as they were measured. */
export function summarize({ requests, contention, operations }) {
  const lines = [];
  const read = requests["read-memory"]?.figures;
  for (const peer of read === undefined ? [] : ["express-session", "@fastify/session"]) {
    const value = ratio(read[peer], read["mini memory"]);
    lines.push(`Session read from memory ahead of ${peer} by 2 x: ${met(value, value >= 2)}.`);
  }
  for (const [own, bare] of [
    ["LmdbBackend read", "get"],
    ["LmdbBackend swap", "conditional put"],
    ["32 LmdbBackend swaps", "32 conditional puts"],
    ["SqliteBackend read", "SQLite SELECT"],
    ["SqliteBackend swap", "SQLite UPDATE"],
    ["32 SqliteBackend swaps", "32 SQLite UPDATE"],
  ]) {
    if (operations[own] === undefined) continue;
    const value = ratio(pluck(operations[own], "cpu"), pluck(operations[bare], "cpu"));
    lines.push(`CPU of ${own} at most 1.3 x ${bare}: ${met(value, value <= 1.3)}.`);
  }
  if (Object.keys(contention).length > 0) {
    const lost = lostUpdates(contention);
    lines.push(
      `Counters of ours and of the floors equal to the answers with 200: ${lost.length === 0 ? "yes" : `no, ${lost.join("; ")}`}.`,
    );
  }
  return lines.join("\n");
}
