// What was measured, as text.
import { median, ratio } from "../measure/statistics.mjs";
import { table } from "../report/table.mjs";
import { compiler } from "./url-builders.mjs";

const isOurs = (name) => name.startsWith("mini");
const integer = new Intl.NumberFormat("en");
const number = (value) => (value < 10 ? value.toFixed(1) : integer.format(Math.round(value)));

/** The peer with the smallest median; undefined where there is none. */
export function bestPeer(results, kind, isPeer = () => true) {
  const peers = Object.keys(results).filter((name) => !isOurs(name) && isPeer(name) && results[name].ns !== undefined);
  return peers.toSorted((one, other) => median(results[one].ns[kind]) - median(results[other].ns[kind]))[0];
}

/**
 * One row for each contestant: for each kind the median, and the ratio to the best peer.
 *
 * @param extra - More columns: title to what a report gives for it.
 * @param reference - Whom the ratio is to, in place of the best peer.
 */
export function describe(results, kinds, { extra = {}, reference }) {
  const head = ["", ...kinds.flatMap((kind) => [kind, "ratio"]), ...Object.keys(extra)];
  const best = new Map(kinds.map((kind) => [kind, reference ?? bestPeer(results, kind)]));
  const rows = Object.entries(results).map(([name, { ns, report }]) => {
    if (ns === undefined) return [name, ...head.slice(1).map(() => "-")];
    const figures = kinds.flatMap((kind) => {
      const peer = best.get(kind);
      return [number(median(ns[kind])), peer === undefined ? "-" : ratio(ns[kind], results[peer].ns[kind]).toFixed(2)];
    });
    return [name, ...figures, ...Object.values(extra).map((read) => number(read(report)))];
  });
  const reasons = Object.entries(results).flatMap(([name, { unable }]) => (unable === undefined ? [] : [`- ${name}: ${unable}`]));
  return [table([head, ...rows]), ...reasons].join("\n");
}

/** Differences of less than a tenth are ties. */
function place(value) {
  if (value < 1 / 1.1) return "ahead";
  return value <= 1.1 ? "a tie" : "behind";
}

/** How much longer than the best peer's a lookup of ours may take. */
const most = 1.25;
/** Whom ours has to be ahead of, by the beginning of their names. */
const rivals = ["find-my-way", "rou3", "hono"];

/** For each size, hits of ours beside the best peer and beside the best of each rival; then whether the targets are met. */
export function summarize(bySize) {
  const head = ["rules", "ours ns", "best peer", "ratio", `within ${most}`, ...rivals.flatMap((rival) => [`/ ${rival}`, ""]), "noise"];
  const rows = [];
  const measured = new Set();
  const missed = { best: [], ...Object.fromEntries(rivals.map((rival) => [rival, []])) };
  for (const [size, results] of bySize) {
    const own = results.mini?.ns?.hit;
    if (results.mini === undefined) continue;
    if (own === undefined) {
      for (const list of Object.values(missed)) list.push(`${integer.format(size)} (not measured)`);
      for (const rival of rivals) measured.add(rival);
      rows.push([integer.format(size), ...head.slice(1).map(() => "-")]);
      continue;
    }
    const against = (peer) => (peer === undefined ? undefined : ratio(own, results[peer].ns.hit));
    const peer = bestPeer(results, "hit");
    const best = against(peer);
    if (best === undefined || best > most) missed.best.push(`${integer.format(size)}${best === undefined ? " (no peer)" : ""}`);
    const cells = rivals.flatMap((rival) => {
      const value = against(bestPeer(results, "hit", (name) => name.startsWith(rival)));
      if (value === undefined) return ["-", ""];
      measured.add(rival);
      if (place(value) !== "ahead") missed[rival].push(`${integer.format(size)} (${place(value)})`);
      return [value.toFixed(2), place(value)];
    });
    const again = results["mini again"]?.ns?.hit;
    const noise = again === undefined ? "-" : ratio(again, own).toFixed(2);
    const verdict = best === undefined ? ["-", "-", "-"] : [peer, best.toFixed(2), best <= most ? "yes" : "no"];
    rows.push([integer.format(size), number(median(own)), ...verdict, ...cells, noise]);
  }
  if (rows.length === 0) return "";
  const lines = [`Hits within ${most} x of the best peer at each size: ${met(missed.best)}`];
  for (const rival of rivals) if (measured.has(rival)) lines.push(`Hits ahead of ${rival} at each size: ${met(missed[rival])}`);
  return [table([head, ...rows]), "", ...lines].join("\n");
}

const met = (missed) => (missed.length === 0 ? "met." : `not met with ${missed.join(", ")} rules.`);

/** Whether building a URL takes at most what compile() does. */
export function summarizeUrls(results) {
  const own = results.mini?.ns;
  const peer = results[compiler]?.ns;
  if (own === undefined || peer === undefined) return "";
  const ratios = Object.keys(own).map((shape) => [shape, ratio(own[shape], peer[shape])]);
  const missed = ratios
    .filter(([, value]) => value > 1)
    .map(([shape, value]) => `${shape} ${value.toFixed(2)}${value <= 1.1 ? " (a tie)" : ""}`);
  return `urlFor at most compile(): ${missed.length === 0 ? "met." : `not met: ${missed.join(", ")}.`}`;
}
