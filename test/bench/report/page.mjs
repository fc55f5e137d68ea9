// The charts that README.md shows.
import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../README.md", import.meta.url);

/** Parts and scenarios, in the order of the page. */
const shown = [
  "http-hello",
  "http-params",
  "http-page",
  "http-json",
  "files-file-1k",
  "files-file-100k",
  "forms-form-urlencoded",
  "forms-form-multipart",
  "events-broadcast",
  "sessions-untouched",
  "sessions-read",
  "sessions-change",
  "sessions-read-memory",
  "sessions-read-redis",
  "sessions-change-redis",
  "adapters-express-read-memory",
  "adapters-express-change-redis",
  "adapters-fastify-read-cookie",
  "adapters-koa-change-cookie",
  "adapters-hono-read-cookie",
  "adapters-h3-change-cookie",
  "router-rules-1000",
  "urlFor-url-two",
  "start-first-answer",
  "footprint-size",
  "footprint-bundle",
  "footprint-bundle-sessions",
];

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The text of the page, with a line for each of its charts that was recorded; the lines are the first after the heading. */
export function withCharts(text, results) {
  const titles = new Map(results.map(({ part, name, title }) => [`${part}-${name}`, title]));
  const lines = shown
    .filter((chart) => titles.has(chart))
    .map((chart) => `<img src="results/${chart}.svg" width="49%" alt="Chart: ${escape(titles.get(chart))}">\n`);
  return text.replace(/(?<=\n## Charts\n[^]*?\n)(?:<img .*>\n)+/, () => lines.join(""));
}

/** Shows on the page what was recorded. */
export function showCharts({ results }) {
  writeFileSync(page, withCharts(readFileSync(page, "utf8"), results));
}
