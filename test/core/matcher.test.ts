import { int, Rule, RuleError } from "@mini/core";
import fc from "fast-check";
import { match } from "path-to-regexp";
import { describe, expect, test } from "vitest";
import { alternatives, parsePattern, type Alternative } from "../../packages/core/src/rules/pattern.ts";
import { Router } from "../../packages/core/src/routing/router.ts";
import { growth, mostGrowth } from "../support/growth.ts";
import { pairs } from "../support/long-run.ts";

function memoized<Result>(work: (rule: string) => Result): (rule: string) => Result {
  const known = new Map<string, Result>();
  return (rule) => {
    const before = known.get(rule);
    if (before !== undefined) return before;
    const made = work(rule);
    known.set(rule, made);
    return made;
  };
}

const ruleOf = memoized(
  (path) => new Rule(path, { where: Object.fromEntries([...path.matchAll(/:(n\d+)/g)].map(([, name]) => [name, int])) }),
);

const router = (...paths: readonly string[]) => new Router(paths.map(ruleOf), { target: () => undefined, methods: () => ["GET"] });

function winner(paths: readonly string[], path: string): string | undefined {
  const found = router(...paths).match("GET", path);
  return found.type === "found" ? found.rule.path : undefined;
}

/** Literal text, negated, then wildcards: compared number by number, smaller is better. */
function rankOf({ segments }: Alternative): readonly number[] {
  return segments.flatMap(({ kind, text, tokens }) => {
    const isConstrained = tokens.some((token) => token.type !== "text" && token.name.startsWith("n"));
    return [kind === "static" ? -1e9 : -text.length, kind === "static" ? 0 : kind === "wildcard" ? 2 : isConstrained ? 0 : 1];
  });
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    if (one[i] !== other[i]) return one[i]! - other[i]!;
  }
  return other.length - one.length;
}

/** What a rule is written out to; the same one is in many of the sets, and compiling it costs the most. */
const writtenOut = memoized((rule: string) => {
  const own = alternatives(parsePattern(rule));
  return own.map((alternative) => ({
    rule,
    optional: own.length > 1 ? 1 : 0,
    rank: rankOf(alternative),
    read: match({ tokens: [...alternative.tokens] }, { sensitive: true, trailing: false }),
  }));
});

/** Writes every rule out, sorts all of it and tries one after the other. */
function slowly(paths: readonly string[]): (path: string) => string | undefined {
  const all = paths.flatMap((rule, declared) => writtenOut(rule).map((alternative) => ({ ...alternative, declared })));
  all.sort((a, b) => compare(a.rank, b.rank) || a.optional - b.optional || a.declared - b.declared);
  return (path) =>
    all.find(({ read }) => {
      const found = read(path);
      return (
        found !== false && Object.entries(found.params).every(([name, value]) => !name.startsWith("n") || /^\d+$/.test(value as string))
      );
    })?.rule;
}

const segment = fc.constantFrom(
  "a",
  "b",
  "ab",
  ":x",
  ":y",
  "a:x",
  ":x-b",
  "a:x-:y",
  ":x-:y",
  "b:x",
  "*w",
  "a*w",
  "*w-b",
  ":x.:y",
  "*w/:z",
  ":n",
  "a:n",
  ":n-:x",
  "",
);
const pattern = fc.oneof(
  { weight: 4, arbitrary: fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => unique(`/${parts.join("/")}`)) },
  { weight: 1, arbitrary: fc.tuple(segment, segment).map(([one, two]) => unique(`/${one}{/${two}}`)) },
);

const word = fc.constantFrom(..."a b c d e f g h ab abc ba a-b a.b 7".split(" "));
const wide = fc
  .array(fc.oneof({ weight: 6, arbitrary: word }, { weight: 1, arbitrary: segment }), { minLength: 2, maxLength: 5 })
  .map((parts) => unique(`/${parts.join("/")}`));

/** A path that a rule nearly or quite matches. */
const near = (rule: string) => rule.replace(/[{}]/g, "").replace(/[:*][np]\d+/g, (name) => (name.includes("n") ? "7" : "b"));

/** Gives each parameter a name of its own. */
function unique(path: string): string {
  let count = 0;
  return path.replace(/([:*])([nwxyz])/g, (_all, sign: string, name: string) => `${sign}${name === "n" ? "n" : "p"}${count++}`);
}

const paths = fc
  .array(fc.constantFrom("a", "b", "ab", "a-b", "aa-b", "a-b-b", "a.b", "c", "7", "a7", "7-b", ""), { minLength: 1, maxLength: 4 })
  .map((parts) => `/${parts.join("/")}`);

describe("which rule wins", () => {
  test.each([
    { sets: pairs / 20, from: fc.array(pattern, { minLength: 2, maxLength: 7 }), least: pairs / 10 },
    // So many literal ways on at one place that they are looked up, and chains of them beside parameters.
    { sets: pairs / 50, from: fc.uniqueArray(wide, { minLength: 20, maxLength: 40 }), least: pairs / 15 },
  ])("of $sets sets of rules, is the one that a sorted list would try first, however the rules are shuffled", ({ sets, from, least }) => {
    let found = 0;
    const cases = from.chain((rules) =>
      fc.tuple(
        fc.constant(rules),
        fc.shuffledSubarray(rules, { minLength: rules.length, maxLength: rules.length }),
        fc.array(fc.oneof(paths, fc.constantFrom(...rules).map(near)), { minLength: 4, maxLength: 4 }),
      ),
    );
    fc.assert(
      fc.property(cases, ([rules, shuffled, tried]) => {
        for (const order of [rules, shuffled]) {
          let made: Router;
          try {
            made = router(...order);
          } catch (error) {
            if (error instanceof RuleError) return;
            throw error;
          }
          const winnerFor = slowly(order);
          for (const path of tried) {
            const got = made.match("GET", path);
            const want = winnerFor(path);
            expect(got.type === "found" ? got.rule.path : undefined, `${order.join(" , ")} on ${path}`).toBe(want);
            if (want !== undefined) found++;
          }
        }
      }),
      { seed: 7, numRuns: sets },
    );
    expect(found).toBeGreaterThan(least);
  });

  test.each([
    [["/:a", "/a"], "/a", "/a"],
    [["/*a", "/:a"], "/x", "/:a"],
    [["/:a", "/x:a", "/x-:a", "/x-:a.txt"], "/x-1.txt", "/x-:a.txt"],
    [["/a/:x", "/:y/b/c"], "/a/b/c", "/:y/b/c"],
    [["/a{/:b}", "/a"], "/a", "/a"],
    [["/x-:a/:b", "/:a-y/lit"], "/x-y/lit", "/:a-y/lit"],
    [["/:a-y/lit", "/x-:a/:b"], "/x-y/lit", "/:a-y/lit"],
    [["/*rest", "/files-*rest", "/:name"], "/files-a", "/files-*rest"],
  ])("%j on %s is %s", (rules, path, expected) => {
    expect(winner(rules, path)).toBe(expected);
  });

  test("a segment with text and a converter comes before the same without", () => {
    expect(winner(["/:x0-:p1/a*p2", "/:n0-:p1/*p2"], "/7-b/a-b")).toBe("/:n0-:p1/*p2");
    expect(winner(["/:x0-:p1/a*p2", "/:n0-:p1/*p2"], "/x-b/a-b")).toBe("/:x0-:p1/a*p2");
  });

  test("two equal segments with text are distinguished by what follows", () => {
    expect(winner(["/:a-y/:b", "/x-:a/z"], "/x-y/z")).toBe("/x-:a/z");
    expect(winner(["/x-:a/z", "/:a-y/:b"], "/x-y/z")).toBe("/x-:a/z");
  });
});

describe("hostile paths", () => {
  const rules = router("/:a/:b", "/:a-:b-:c", "/x{/:a}{/:b}{/:c}{/:d}{/:e}{/:f}{/:g}{/:h}", "/*a/x/*b/y/*c", "/static");
  test.each<[title: string, size: number, path: (size: number) => string]>([
    ["a segment of 60,000 characters", 60_000, (size) => `/${"a".repeat(size)}`],
    ["60,000 hyphens", 60_000, (size) => `/${"-".repeat(size)}`],
    ["10,000 slashes", 10_000, (size) => "/".repeat(size)],
    ["10,000 segments", 10_000, (size) => "/x".repeat(size)],
    ["deep encoding", 20_000, (size) => `/${"%25".repeat(size)}`],
    ["malformed encoding", 60_000, (size) => `/${"%".repeat(size)}`],
    ["wildcards in turn", 3000, (size) => `/${"a/x/".repeat(size)}y/${"b/y/".repeat(size)}`],
    ["a long tail of separators", 10_000, (size) => `/x/${"a-".repeat(size)}`],
  ])("the time for %s grows only in proportion to the length", (_title, size, path) => {
    const work = (length: number) => {
      const asked = path(length);
      return () => rules.match("GET", asked);
    };
    expect(["found", "notFound", "malformed", "redirect"]).toContain(rules.match("GET", path(size)).type);
    expect(growth(size, work)).toBeLessThan(mostGrowth);
  });

  test("nine optional groups are refused at start", () => {
    expect(() => router("/x{/:a}{/:b}{/:c}{/:d}{/:e}{/:f}{/:g}{/:h}{/:i}")).toThrow(RuleError);
    expect(() => router("/x{/:a}{/:b}{/:c}{/:d}{/:e}{/:f}{/:g}{/:h}{/:i}")).toThrow("use fewer optional groups");
  });

  test("thousands of rules with text in one segment are distinguished", () => {
    const many = Array.from({ length: 5_000 }, (_each, i) => [`/v${i}-:a`, `/:a.x${i}`, `/w${i}-*rest`]).flat();
    const found = router(...many);
    const endpointOf = (path: string) => {
      const got = found.match("GET", path);
      return got.type === "found" && got.rule.path;
    };
    expect(["/v4321-b", "/b.x17", "/w9-a/b", "/v5000-b", "/b.x5000"].map(endpointOf)).toEqual([
      "/v4321-:a",
      "/:a.x17",
      "/w9-*rest",
      false,
      false,
    ]);
  });
});
