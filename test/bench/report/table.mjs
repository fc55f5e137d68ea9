// What was measured, as text.
import { errorOfMedian, median, ratio, ratios } from "../measure/statistics.mjs";

const integer = new Intl.NumberFormat("en");

/** Three digits of a number. */
export function number(value) {
  if (Number.isInteger(value)) return integer.format(value);
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : integer.format(Math.round(value));
}

/** Rows of texts, the first column to the left and the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_cell, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ")).join("\n");
}

/** One row for each contestant: the median, its ratio to the floor with the standard error, and the ratios to the references. */
export function describe({ unit, figures, floor, references = [], unable = {} }) {
  const others = references.filter((name) => name in figures);
  const base = figures[floor];
  const head = ["", unit, ...(base === undefined ? [] : [`to ${floor}`, "+-"]), ...others.map((name) => `to ${name}`)];
  const rows = Object.entries(figures).map(([name, list]) => {
    const toFloor = base === undefined ? [] : [ratio(list, base).toFixed(2), errorOfMedian(ratios(list, base)).toFixed(2)];
    return [name, number(median(list)), ...toFloor, ...others.map((other) => ratio(list, figures[other]).toFixed(2))];
  });
  const reasons = Object.entries(unable).map(([name, reason]) => `- ${name}: ${reason}`);
  return [table([head, ...rows]), ...reasons].join("\n");
}
