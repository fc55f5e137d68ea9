import { describe, expect, test } from "vitest";
import { findPostgres, findProgram } from "../support/programs.ts";
import { soak } from "./soak.ts";
import { growthOf, mostGrowth, plot, type Sample } from "./verdict.ts";

const requests = process.env["CI"] === "true" ? 60_000 : 2000;

describe("a server under every kind of load", { timeout: 300_000 + requests * 10 }, () => {
  test(`for ${requests} requests fails none and keeps its memory`, async () => {
    const databases = [findPostgres() && "session in Postgres", findProgram("redis-server") && "session in Redis"].filter(Boolean);
    const { counts, failures, growth, problems, processes, samples } = await soak({ length: { requests }, withDatabases: true });
    expect(failures).toEqual([]);
    expect(growth).toBeLessThan(mostGrowth);
    expect([problems, samples.length]).toEqual([[], 40]);
    expect(Object.keys(counts)).toEqual(expect.arrayContaining(databases));
    expect(Object.keys(counts)).toHaveLength(11 + databases.length);
    expect(processes).toBeGreaterThan(0);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });

  test("that keeps something of each page is found out", async () => {
    const { problems } = await soak({ length: { requests: 600 }, flaw: "leak" });
    expect(problems).toEqual([expect.stringMatching(/^The heap grew by \d{7,} bytes in the second half; 1048576 may be\.$/)]);
  });

  test("that forgets sessions is found out", async () => {
    const { problems } = await soak({ length: { requests: 200 }, flaw: "wrong" });
    const first = /^\d+ requests failed, the first: session in memory: 200 "1" in place of 200 2$/;
    expect(problems).toContainEqual(expect.stringMatching(first));
  });
});

describe("the verdict", () => {
  const heap = (...bytes: readonly number[]): Sample[] => bytes.map((heapUsed, index) => ({ at: 2 * index, rss: 100, heapUsed }));

  test.each([
    ["a level after a steep beginning", heap(0, 900, 1000, 1000, 1000, 1000), 0],
    ["a line", heap(0, 0, 0, 10, 20, 30), 20],
    ["a line that falls", heap(0, 0, 0, 30, 20, 10), -20],
    ["noise around a level", heap(0, 0, 0, 10, 30, 10), 0],
  ])("%s", (_title, samples, growth) => {
    expect(growthOf(samples)).toBeCloseTo(growth, 9);
  });

  test("is drawn: both lines through all samples, the last at the right edge", () => {
    const drawn = plot(heap(10, 20, 100));
    expect(drawn.match(/<polyline [^>]*points="[^"]*"/g)).toHaveLength(2);
    expect(drawn).toContain('points="60.0,314.5 400.0,289.1 740.0,85.5"');
  });
});
