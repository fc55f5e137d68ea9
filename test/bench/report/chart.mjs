// Bar charts of what was recorded, as SVG that can be read on light and on dark pages.

const width = 640;
const left = 220;
const right = 120;
const bar = 12;
const gap = 8;
const top = 58;
const bottom = 44;

/** Bars that are longer than so many times ours, or the floor's, are cut off; their values are written all the same. */
const most = 4;

const style = `
    .page { fill: #ffffff } text { fill: #24292f; font: 12px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
    .small { fill: #57606a; font-size: 11px } .line { stroke: #d0d7de } .peer { fill: #8c959f } .own { fill: #0969da } .floor { fill: #bf8700 }
    .second { opacity: 0.6 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 } .line { stroke: #3d444d }
      .peer { fill: #7d8590 } .own { fill: #4493f8 } .floor { fill: #d29922 }
    }
  `;

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const at = (value) => Number(value.toFixed(1));

function text(x, y, content, attributes = "") {
  return `<text x="${at(x)}" y="${at(y)}"${attributes && ` ${attributes}`}>${escape(content)}</text>`;
}

/** A few round numbers from 0 on. */
function ticks(limit) {
  const rough = limit / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * magnitude).find((each) => each >= rough);
  return Array.from({ length: Math.floor(limit / step + 1e-9) + 1 }, (_tick, i) => Number((i * step).toPrecision(6)));
}

const digits = (value) => (Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toPrecision(3));

/** For a contestant on one version of Node: how long its bar is, and what is written beside it. */
function barOf({ median, ratio }, { unit }) {
  if (ratio === undefined) return { length: median, label: `${digits(median)} ${unit}` };
  return { length: ratio, label: `${ratio.toFixed(2)} (${digits(median)} ${unit})` };
}

function caption({ floor, measure }, versions) {
  const of = versions.length > 1 ? `Node ${versions.join(" and, lighter, ")}` : `Node ${versions[0]}`;
  return floor === undefined ? `${measure}, less is better; ${of}` : `${measure}, ${floor} = 1, less is better; ${of}`;
}

/**
 * Rows of a chart: for each contestant its bars, one for each version of Node. What is a series stays in its order, else the
 * shortest on the first version comes first.
 */
function rowsOf(results) {
  const [{ own, floor, series }] = results;
  const names = [...new Set(results.flatMap(({ contestants }) => Object.keys(contestants)))];
  const rows = names.map((name) => {
    const bars = results.map((result) => name in result.contestants && barOf(result.contestants[name], result));
    const kind = series !== undefined ? series[name] : name === own ? "own" : name === floor ? "floor" : "peer";
    return { name, kind, bars, longest: Math.max(...bars.map((each) => each.length ?? 0)) };
  });
  if (series !== undefined) return rows;
  const firstOf = ({ bars: [first], longest }) => first.length ?? longest;
  return rows.toSorted((one, other) => firstOf(one) - firstOf(other));
}

/** How long the axis is: as long as the longest bar, unless that is much longer than ours and the floor's. */
function limitOf(rows) {
  const usual = Math.max(...rows.filter(({ kind }) => kind !== "peer").map(({ longest }) => longest));
  return Math.min(Math.max(...rows.map(({ longest }) => longest)), usual * most) * 1.02;
}

function drawBar({ length, label }, { y, kind, limit, isSecond }) {
  const end = (Math.min(length, limit) / limit) * (width - left - right);
  const shape = `<rect class="${kind}${isSecond ? " second" : ""}" x="${left}" y="${y}" width="${at(end)}" height="${bar - 1}"/>`;
  const cut = length > limit ? [`<path class="page" d="M${at(left + end - 14)} ${y + bar}l4 -${bar + 1}h4l-4 ${bar + 1}z"/>`] : [];
  return [shape, ...cut, text(left + end + 4, y + bar - 2.5, label, 'class="small"')];
}

function drawGrid(limit, bottomOfRows) {
  return ticks(limit).flatMap((value) => {
    const x = at(left + (value / limit) * (width - left - right));
    const line = `<path class="line" d="M${x} ${top - 6}V${bottomOfRows}"/>`;
    return [line, text(x, bottomOfRows + 14, String(value), 'class="small" text-anchor="middle"')];
  });
}

/** @param results - Of one scenario, one for each version of Node. */
function draw(results, { cores, cpu }) {
  const [{ title, date, isQuick }] = results;
  const rows = rowsOf(results);
  const limit = limitOf(rows);
  const thickness = results.length * bar;
  const bottomOfRows = top + rows.length * (thickness + gap);
  const height = bottomOfRows + bottom;
  const drawn = rows.flatMap(({ name, kind, bars }, i) => {
    const y = top + i * (thickness + gap);
    const shapes = bars.flatMap((each, k) => (each ? drawBar(each, { y: y + k * bar, kind, limit, isSecond: k > 0 }) : []));
    return [text(left - 8, y + thickness / 2 + 4, name, 'text-anchor="end"'), ...shapes];
  });
  const versions = results.map(({ version }) => version.slice(1));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    text(16, 24, title, 'class="title"'),
    text(16, 42, caption(results[0], versions), 'class="small"'),
    ...drawGrid(limit, bottomOfRows),
    ...drawn,
    text(16, height - 10, `${cores} cores of ${cpu}, ${date.slice(0, 10)}${isQuick ? ", a quick run" : ""}`, 'class="small"'),
    "</svg>\n",
  ].join("\n");
}

/** Name of a file to its SVG, one for each scenario. */
export function drawCharts({ machine, results }) {
  const groups = new Map();
  for (const result of results) {
    const name = `${result.part}-${result.name}`;
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  return Object.fromEntries(Array.from(groups, ([name, list]) => [name, draw(list, machine)]));
}
