import { beforeEach, describe, expect, test } from "vitest";
import { MixedSegments } from "../../packages/core/src/routing/mixed-segments.ts";
import { alternatives, parsePattern } from "../../packages/core/src/rules/pattern.ts";

const tokensOf = (segment: string) => alternatives(parsePattern(`/${segment}`))[0]!.segments[0]!.tokens;

let segments: MixedSegments<string, string>;
let made: string[];
beforeEach(() => {
  segments = new MixedSegments();
  made = [];
});

/** The node behind a segment; a new one has the segment's name. */
function next(segment: string, isConstrained = false): string {
  return segments.next(tokensOf(segment), isConstrained, () => {
    const node = isConstrained ? `${segment} with a converter` : segment;
    made.push(node);
    return node;
  });
}

function nodesAt(segment: string): readonly string[] {
  const nodes: string[] = [];
  segments.each(segment, ({ node }) => nodes.push(node));
  return nodes.toSorted();
}

function tailsAt(segment: string): readonly string[] {
  const tails: string[] = [];
  segments.eachTail(segment, (tail) => tails.push(tail));
  return tails.toSorted();
}

describe("segments of text and parameters", () => {
  test("share a node if they differ only in the names of their parameters", () => {
    const nodes = ["v:major", "v:x", ":a-:b", ":c-:d", ":a.js", ":b.js"].map((each) => next(each));
    expect(nodes).toEqual(["v:major", "v:major", ":a-:b", ":a-:b", ":a.js", ":a.js"]);
    expect(made).toEqual(["v:major", ":a-:b", ":a.js"]);
  });

  test("have separate nodes if their text differs, or one has a converter", () => {
    const all = ["v:a", "w:a", ":a-v", ":a-w", ":a-:b", ":a.:b", "v:a-v", "v:a-w", "v:a-:b"];
    expect(all.map((each) => next(each))).toEqual(all);
    expect([next("v:a", true), next("v:b", true), next("v:b")]).toEqual(["v:a with a converter", "v:a with a converter", "v:a"]);
  });

  test("are found by the segments that they match, with or without text at their ends", () => {
    for (const each of ["v:a", ":a-v", ":a-:b", "v:a-v", "vv:a", ":a-:b-:c"]) next(each);
    expect(["v1", "vv1", "1-v", "v-v", "v1-v", "1-2-3", "v", "-v", "x"].map(nodesAt)).toEqual([
      ["v:a"],
      ["v:a", "vv:a"],
      [":a-:b", ":a-v"],
      [":a-:b", ":a-v", "v:a"],
      [":a-:b", ":a-v", "v:a", "v:a-v"],
      [":a-:b", ":a-:b-:c"],
      [],
      [],
      [],
    ]);
  });

  test("can have their nodes replaced", () => {
    for (const each of ["v:a", ":a-v", "v:a-v"]) next(each);
    segments.replace((node) => node.toUpperCase());
    expect(nodesAt("v1-v")).toEqual([":A-V", "V:A", "V:A-V"]);
    expect(next("v:a")).toBe("V:A");
  });
});

describe("segments of text and a wildcard", () => {
  test("are found by the text before it, even if nothing of the segment is left", () => {
    for (const each of ["v*a", "vv*a", "w*a", "v*b"]) segments.addTail(tokensOf(each), each);
    next("v:a");
    expect(["v", "v1", "vv", "w", "x", ""].map(tailsAt)).toEqual([["v*a", "v*b"], ["v*a", "v*b"], ["v*a", "v*b", "vv*a"], ["w*a"], [], []]);
    expect(nodesAt("v1")).toEqual(["v:a"]);
  });
});
