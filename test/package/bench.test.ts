import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { root } from "../support/folder.ts";

interface Contestant {
  readonly median: number;
  readonly ratio?: number;
  readonly error?: number;
}
interface Summary {
  readonly part: string;
  readonly node: string;
  readonly name: string;
  readonly noise: number;
  readonly own: string;
  readonly contestants: Readonly<Record<string, Contestant>>;
}
interface Row {
  readonly key: string;
  readonly allowed: number;
  readonly isWorse: boolean;
}
interface Modules {
  readonly summary: { readonly summarize: (result: object) => Summary };
  readonly check: { readonly compare: (results: readonly Summary[], recorded: readonly Summary[]) => readonly Row[] };
  readonly chart: { readonly drawCharts: (recorded: object) => Readonly<Record<string, string>> };
  readonly page: { readonly withCharts: (text: string, results: readonly object[]) => string };
}

/** The benchmarks are JavaScript and have no types. */
async function load<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(pathToFileURL(join(root, `test/bench/report/${name}.mjs`)).href)) as Modules[Name];
}

const result = {
  part: "http",
  node: "20",
  name: "hello",
  title: "A <text>",
  unit: "us",
  measure: "us of CPU per request",
  floor: "bare",
  own: "mini",
  twins: ["bare", "again"],
  figures: { bare: [10, 20, 10], again: [10.5, 21, 10.6], mini: [12, 26, 12.5], slow: [200, 300, 250] },
};

test("a recording has medians, and ratios to the floor in the same round", async () => {
  const { summarize } = await load("summary");
  expect(summarize(result)).toEqual({
    part: "http",
    node: "20",
    name: "hello",
    title: "A <text>",
    unit: "us",
    measure: "us of CPU per request",
    rounds: 3,
    floor: "bare",
    own: "mini",
    noise: 0.05,
    contestants: {
      bare: { median: 10, ratio: 1, error: 0 },
      again: { median: 10.6, ratio: 1.05, error: 0 },
      mini: { median: 12.5, ratio: 1.25, error: 0.05364 },
      slow: { median: 250, ratio: 20, error: 5.364 },
    },
  });
});

describe("the check against the recording", () => {
  const summary = (ratio: number, { noise = 0, error = 0, name = "hello" } = {}): Summary => ({
    part: "http",
    node: "20",
    name,
    noise,
    own: "mini",
    contestants: { mini: { median: 15, ratio, error } },
  });
  const cases = [
    ["forgives nearly a tenth", summary(1.09), summary(1), 0.1, false],
    ["finds more than a tenth", summary(1.11), summary(1), 0.1, true],
    ["forgives twice what two identical servers differ by", summary(1.19), summary(1, { noise: 0.1 }), 0.2, false],
    ["finds more than that", summary(1.21, { noise: 0.1 }), summary(1), 0.2, true],
    ["forgives three standard errors", summary(1.29), summary(1, { error: 0.1 }), 0.3, false],
    ["finds nothing wrong with what is faster", summary(0.5), summary(1), 0.1, false],
  ] as const;

  test.each(cases)("%s", async (_title, now, before, allowed, isWorse) => {
    const { compare } = await load("check");
    const [row] = compare([now], [before]);
    expect(row?.key).toBe("http hello, Node 20");
    expect(row?.allowed).toBeCloseTo(allowed);
    expect(row?.isWorse).toBe(isWorse);
  });

  test("compares figures where there is no floor, and nothing that was not recorded", async () => {
    const { compare } = await load("check");
    const bytes = (median: number): Summary => ({ ...summary(1, { name: "size" }), contestants: { mini: { median } } });
    expect(compare([bytes(900), summary(9)], [bytes(800)]).map(({ key, isWorse }) => [key, isWorse])).toEqual([
      ["http size, Node 20", true],
    ]);
  });
});

test("a chart has title, unit, axis and every value, escapes names, and cuts off what is far longer than ours", async () => {
  const [{ summarize }, { drawCharts }] = await Promise.all([load("summary"), load("chart")]);
  const recorded = { ...summarize(result), version: "v20.20.2", date: "2026-11-26T00:00:00.000Z" };
  const { "http-hello": svg = "" } = drawCharts({ machine: { cores: 2, cpu: "a CPU" }, results: [recorded] });
  for (const text of [
    ">A &#60;text&#62;<",
    "us of CPU per request, bare = 1, less is better; Node 20.20.2",
    ">1.25 (12.5 us)<",
    ">20.00 (250 us)<",
  ]) {
    expect(svg).toContain(text);
  }
  expect(svg.match(/<rect class="(?:own|floor|peer)"/g)).toHaveLength(4);
  expect(svg.match(/<path class="page"/g)).toHaveLength(1);
  expect(svg).toContain("2 cores of a CPU, 2026-11-26");
});

test("a chart of a series keeps its order, and tells ours from the floor at every size", async () => {
  const [{ summarize }, { drawCharts }] = await Promise.all([load("summary"), load("chart")]);
  const figures = { "bare, 1": [20], "mini, 1": [30], "bare, 2": [10], "mini, 2": [15] };
  const series = { "bare, 1": "floor", "mini, 1": "own", "bare, 2": "floor", "mini, 2": "own" };
  const { floor: _floor, own: _own, twins: _twins, ...about } = result;
  const recorded = { ...summarize({ ...about, figures, series }), version: "v20.20.2", date: "2026-11-26T00:00:00.000Z" };
  const { "http-hello": svg = "" } = drawCharts({ machine: { cores: 2, cpu: "a CPU" }, results: [recorded] });
  expect(Array.from(svg.matchAll(/>(\w+, \d)</g), ([, name]) => name)).toEqual(Object.keys(series));
  expect(Array.from(svg.matchAll(/<rect class="(own|floor|peer)"/g), ([, kind]) => kind)).toEqual(Object.values(series));
});

describe("the page of the benchmarks", () => {
  const read = (file: string) => readFileSync(join(root, "test/bench", file), "utf8");

  test("shows the charts that were recorded, by their titles", async () => {
    const { withCharts } = await load("page");
    const { results } = JSON.parse(read("results/recorded.json")) as { readonly results: readonly object[] };
    expect(withCharts(read("README.md"), results)).toBe(read("README.md"));
  });

  test("gets a new chart when that is recorded, and loses none of another section", async () => {
    const { withCharts } = await load("page");
    const chart = (name: string, title: string) => `<img src="results/${name}.svg" width="49%" alt="Chart: ${title}">\n`;
    const page = (charts: string) =>
      `# Benchmarks\n\n<img src="logo.svg">\n\n## Charts\n\nText.\n\n${charts}\n## How it scales\n\n${chart("scale-rules", "More rules")}`;
    const results = [
      { part: "events", name: "broadcast", title: 'Events & "more"' },
      { part: "http", name: "hello", title: "A text" },
      { part: "http", name: "hello", title: "A text" },
      { part: "scale", name: "rules", title: "Other rules" },
    ];
    expect(withCharts(page(chart("http-page", "A page")), results)).toBe(
      page(chart("http-hello", "A text") + chart("events-broadcast", "Events &#38; &#34;more&#34;")),
    );
  });
});
