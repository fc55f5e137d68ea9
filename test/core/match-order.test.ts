import { describe, expect, test } from "vitest";
import { Matcher, rankCandidates, type Candidate } from "../../packages/core/src/routing/matcher.ts";
import { alternatives, parsePattern, type Alternative } from "../../packages/core/src/rules/pattern.ts";

/** One alternative of a pattern; a parameter whose name begins with n has a converter. */
interface Named extends Candidate {
  readonly pattern: string;
  next: this | undefined;
}

function named(pattern: string, alternative: Alternative, rest: Partial<Named> = {}): Named {
  const constrained = new Set([...pattern.matchAll(/[:*](n\w*)/g)].map(([, name]) => name!));
  return { pattern, alternative, constrained, optional: false, hasOtherSlash: false, order: -1, next: undefined, ...rest };
}

function candidatesOf(patterns: readonly string[]): readonly Named[] {
  return patterns.flatMap((pattern) => {
    const all = alternatives(parsePattern(pattern));
    return all.map((alternative) => named(pattern, alternative, { optional: all.length > 1 }));
  });
}

/** All that match a path, best first: each is what is found when those before it are refused. */
function found(candidates: readonly Named[], path: string): readonly string[] {
  const matcher = new Matcher(rankCandidates(candidates));
  const refused = new Set<Named>();
  const find = () => matcher.find(path, { accepts: (each) => !refused.has(each) }, matcher.exact(path));
  const patterns: string[] = [];
  for (let best = find(); best !== undefined; best = find()) {
    patterns.push(best.pattern);
    refused.add(best);
  }
  return patterns;
}

const matching = (patterns: readonly string[], path: string) => found(candidatesOf(patterns), path);

describe("of several patterns that match a path, the best is found, and if it is refused the next best", () => {
  const beginning = ["/*w", "/*nw", "/:p", "/:n", "/a*w", "/a:p", "/a:n", "/ab:p", "/:p-z", "/a:p-z", "/:p-:q", "/ab-z", "/{:o}"];

  test.each<[string, string]>([
    // Most text first, then a converter, then none, then a wildcard; with optional groups last among equals.
    ["/ab-z", "/ab-z /a:p-z /ab:p /:p-z /a:n /a:p /:p-:q /a*w /:n /:p /{:o} /*w /*nw"],
    ["/ab", "/a:n /a:p /a*w /:n /:p /{:o} /*w /*nw"],
    ["/a", "/:n /:p /{:o} /*w /*nw"],
    ["/a/b", "/a*w /*w /*nw"],
    ["/", "/{:o}"],
  ])("%s: %s", (path, best) => {
    expect(matching(beginning, path)).toEqual(best.split(" "));
  });

  test("whatever the order in which they are declared, except for patterns of equal rank", () => {
    const best = "/ab-z /a:p-z /:p-z /ab:p /a:n /:p-:q /a:p /a*w /:n /:p /{:o} /*nw /*w";
    expect(matching(beginning.toReversed(), "/ab-z")).toEqual(best.split(" "));
  });

  test.each<[string, string, string]>([
    ["/x/b", "/:p/b /x/:p /:p/:q /x/*w", "/x/:p /x/*w /:p/b /:p/:q"],
    ["/a-b/c", "/a-*w /a-:p/:q /:p-b/c", "/:p-b/c /a-:p/:q /a-*w"],
    ["/ab-x/c", "/a:p/c /ab-*w", "/ab-*w /a:p/c"],
    ["/ab-x/c", "/ab-*w /a:p/c", "/ab-*w /a:p/c"],
    ["/a/end", "/*w /*w/:z /*w/end", "/*w/end /*w/:z /*w"],
    ["/x.y-z", "/:p.:q /:p-:q", "/:p.:q /:p-:q"],
    ["/7-8/x", "/:p-:q/:r /:n-:q/*w", "/:n-:q/*w /:p-:q/:r"],
    // What follows a wildcard need not stand at the same place.
    ["/x/ab-1/b", "/*v/ab-:p/b /*w/b", "/*w/b /*v/ab-:p/b"],
    ["/1/b/c", "/:p/b/:r /:n/:q/c /:p/:q/:r /:p/:n/:r", "/:n/:q/c /:p/b/:r /:p/:n/:r /:p/:q/:r"],
  ])("%s of %s: %s", (path, patterns, best) => {
    expect(matching(patterns.split(" "), path)).toEqual(best.split(" "));
  });

  test("of equal patterns: first the one as written, then with optional groups, then with another final slash", () => {
    const [alternative] = alternatives(parsePattern("/:p"));
    const all = [
      named("other slash, optional", alternative!, { hasOtherSlash: true, optional: true }),
      named("other slash", alternative!, { hasOtherSlash: true }),
      named("optional", alternative!, { optional: true }),
      named("first", alternative!),
      named("second", alternative!),
    ];
    expect(found(all, "/x")).toEqual(["first", "second", "optional", "other slash", "other slash, optional"]);
  });

  test("of patterns with the same text, each only at its own path", () => {
    const long = `/${"long/".repeat(20)}`;
    const all = ["/a", "/b", long, "/"].flatMap((path) => [1, 2].map((i) => named(`${path} ${i}`, alternatives(parsePattern(path))[0]!)));
    for (const path of ["/a", "/b", long, "/"]) expect(found(all, path)).toEqual([`${path} 1`, `${path} 2`]);
    for (const path of ["/c", "/a/", "/ab", "/b/a", long.slice(1), `/${long}`, "//"]) expect(found(all, path)).toEqual([]);
  });
});

test("patterns without parameters are found by the whole path, the best first", () => {
  const [plain] = alternatives(parsePattern("/a/b"));
  const rest = candidatesOf(["/:p/b", "/a/:p", "/a", "/a/b/"]);
  const matcher = new Matcher(rankCandidates([...rest, named("other slash", plain!, { hasOtherSlash: true }), named("plain", plain!)]));
  const exact = ["/a/b", "/a", "/a/b/", "/x/b", "/a/x", "/b", "/"].map((path) => matcher.exact(path)?.pattern);
  expect(exact).toEqual(["plain", "/a", "/a/b/", undefined, undefined, undefined, undefined]);
});

describe("a path is found by", () => {
  const many = [..."abcdefgh"].map((letter) => `/:r/${letter}/x`);

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    [
      "a chain of text behind a parameter",
      ["/:r/ab/cd/:q"],
      {
        "/1/ab/cd/2": "/:r/ab/cd/:q",
        "/1/ab/cdx/2": "",
        "/1/ab/c/2": "",
        "/1/ab/cd": "",
        "/1/abxcd/2": "",
        "/1/ab": "",
      },
    ],
    [
      "a chain of text at the end",
      ["/:r/ab/cd"],
      { "/1/ab/cd": "/:r/ab/cd", "/1/ab/cde": "", "/1/ab/cd/": "", "/1/ab/c": "", "//ab/cd": "" },
    ],
    [
      "text beside another segment with text",
      ["/:r/lit/:q", "/:r/x-:p"],
      { "/1/lit/2": "/:r/lit/:q", "/1/x-9": "/:r/x-:p", "/1/x-": "", "/1/lit": "" },
    ],
    [
      "text beside a parameter with a converter",
      ["/:r/lit/:q", "/:r/:n"],
      { "/1/lit/2": "/:r/lit/:q", "/1/lit": "/:r/:n", "/1/5": "/:r/:n" },
    ],
    ["text beside a parameter", ["/:r/lit/:q", "/:r/:p"], { "/1/lit/2": "/:r/lit/:q", "/1/lit": "/:r/:p", "/1/5": "/:r/:p", "/1/": "" }],
    [
      "text beside a wildcard",
      ["/:r/lit/:q", "/:r/*w"],
      { "/1/lit/2": "/:r/lit/:q /:r/*w", "/1/lit": "/:r/*w", "/1/": "", "/1//": "/:r/*w" },
    ],
    ["text beside text and a wildcard", ["/:r/lit/:q", "/:r/l*w"], { "/1/lit/2": "/:r/lit/:q /:r/l*w", "/1/lit": "/:r/l*w", "/1/l": "" }],
    ["text beside the end", ["/:r/lit/:q", "/:r"], { "/1/lit/2": "/:r/lit/:q", "/1": "/:r", "/1/lit": "", "/1/": "" }],
    ["text beside an end that is shared", ["/:r/lit", "/:r", "/:s"], { "/1/lit": "/:r/lit", "/1": "/:r /:s" }],
    [
      "one of a few texts, some with the same first letter",
      ["/:r/ab/:q", "/:r/ac", "/:r/b/c/d", "/:r/"],
      { "/1/ab/2": "/:r/ab/:q", "/1/ac": "/:r/ac", "/1/b/c/d": "/:r/b/c/d", "/1/": "/:r/", "/1/b/c": "", "/1/a": "", "/1/abc/2": "" },
    ],
    [
      "an empty segment",
      ["/:r/", "/:r//x", "/:r/a"],
      { "/1/": "/:r/", "/1//x": "/:r//x", "/1/a": "/:r/a", "/1//": "", "/1/x": "", "/1": "" },
    ],
    [
      "one of many texts, or a parameter instead",
      [...many, "/:r/:p/x", "/:r/:p/:q"],
      { "/1/c/x": "/:r/c/x /:r/:p/x /:r/:p/:q", "/1/h/y": "/:r/:p/:q", "/1/z/x": "/:r/:p/x /:r/:p/:q", "/1/c": "", "/1//x": "" },
    ],
    [
      "one of many texts, before all else",
      [...many, "/:r//x", "/:r/c:p", "/:r/:p-d/x", "/:r/:n/x", "/:r/*w"],
      {
        "/1/c/x": "/:r/c/x /:r/:n/x /:r/*w",
        "/1/c-d/x": "/:r/:p-d/x /:r/:n/x /:r/*w",
        "/1//x": "/:r//x /:r/*w",
        "/1/cc": "/:r/c:p /:r/*w",
      },
    ],
    [
      "one of many texts, though a parameter has more text behind it",
      [...many.map((pattern) => `${pattern}/:s`), "/:r/:p/x/y", "/:r/:n-a/x/y"],
      { "/1/c/x/y": "/:r/c/x/:s /:r/:p/x/y", "/1/c-a/x/y": "/:r/:n-a/x/y /:r/:p/x/y" },
    ],
    ["one of many texts only", many, { "/1/a/x": "/:r/a/x", "/1/h/x": "/:r/h/x", "/1/i/x": "", "/1/ab/x": "", "/1/a": "" }],
    [
      "parameters that are not empty",
      ["/:a/:b", "/:n/:c/x"],
      { "/x/": "", "//x": "", "/x/y": "/:a/:b", "/x//x": "", "//y/x": "", "/": "" },
    ],
    [
      "a wildcard that is not empty",
      ["/*w", "/f/*w"],
      { "/": "", "/x": "/*w", "//": "/*w", "/f/": "/*w", "/f/x/y": "/f/*w /*w", "/f": "/*w" },
    ],
    ["text before a wildcard", ["/f-*w"], { "/f-": "", "/f-x/y": "/f-*w", "/f-/y": "/f-*w", "/g-x": "", "/f": "", "/": "", "/x/f-y": "" }],
    ["text after a wildcard", ["/*w/end"], { "/a/b/end": "/*w/end", "/end": "", "/a/ending": "", "/a/end/": "", "/a/end/b": "" }],
    ["a wildcard in the midst", ["/a/*w-x/:b"], { "/a/1/2-x/3": "/a/*w-x/:b", "/a/1-x": "", "/a/1/2/3": "", "/b/1-x/3": "" }],
    ["wildcards behind the same text", ["/x-*w", "/x-*v/end"], { "/x-1": "/x-*w", "/x-1/end": "/x-*v/end /x-*w" }],
    ["the text between two parameters", ["/:a.:b", "/:a-:b"], { "/x-y": "/:a-:b", "/x.y": "/:a.:b", "/x": "", "/-y": "", "/x-": "" }],
    [
      "the text at both ends",
      ["/ax:p", "/bx:p", "/:p-ax", "/:p-bx", "/ax:p-bx"],
      { "/ax1": "/ax:p", "/bx1": "/bx:p", "/1-ax": "/:p-ax", "/1-bx": "/:p-bx", "/ax1-bx": "/ax:p-bx /:p-bx /ax:p", "/ax": "", "/-ax": "" },
    ],
    [
      "text at both ends that may overlap",
      ["/ab:p-ba", "/aba:p"],
      { "/ab1-ba": "/ab:p-ba", "/ab-ba": "", "/aba": "", "/aba-ba": "/ab:p-ba /aba:p" },
    ],
    [
      "what follows a segment with text",
      ["/v:a/x", "/v:b/y", "/v:n/y"],
      { "/v1/x": "/v:a/x", "/v1/y": "/v:n/y /v:b/y", "/v1": "", "/v1/z": "" },
    ],
    [
      "text behind a segment with text",
      ["/v:a/x/y/:b", "/v:a/z/*w"],
      { "/v1/x/y/2": "/v:a/x/y/:b", "/v1/z/2": "/v:a/z/*w", "/v1/x/2": "" },
    ],
    ["text behind a converter", ["/:n/x/y/:b"], { "/1/x/y/2": "/:n/x/y/:b", "/1/x/z/2": "", "/1/x/y": "" }],
    [
      "text behind text that is one of many",
      [...many, "/:r/a/y/z/:q"],
      { "/1/a/y/z/2": "/:r/a/y/z/:q", "/1/a/x": "/:r/a/x", "/1/a/y/2": "" },
    ],
  ])("%s", (_title, patterns, expected) => {
    const got = Object.keys(expected).map((path) => [path, matching(patterns, path).join(" ")]);
    expect(Object.fromEntries(got)).toEqual(expected);
  });
});
