import { int, oneOf, Rule } from "@mini/core";
import { describe, expect, test } from "vitest";
import { ArgReader, EmptyArgs, MalformedPath, noArgs, SegmentReaders } from "../../packages/core/src/rules/arg-reader.ts";
import { alternatives, parsePattern } from "../../packages/core/src/rules/pattern.ts";
import type { Converters } from "../../packages/core/src/rules/converter.ts";

const alternative = (path: string) => alternatives(parsePattern(path))[0]!;

/** Converters as a rule holds them. */
const held = (where: Converters) => new Rule("/", { where }).where;

/** What an ArgReader fills in, as entries; `false` when it refuses, with what it has filled in all the same. */
function filled(pattern: string, path: string, where: Converters = {}, encoded = true): unknown {
  const args = new EmptyArgs();
  const entries = () => Object.entries(args);
  return new ArgReader(alternative(pattern), held(where)).fill(args, path, encoded) ? entries() : ([false, ...entries()] as const);
}

/** The same of a SegmentReader. */
function read(pattern: string, path: string, where: Converters = {}, encoded = true): unknown {
  const args = new SegmentReaders().get(new ArgReader(alternative(pattern), held(where)))!.read(path, encoded);
  return args === undefined ? [false] : Object.entries(args);
}

const both = [
  ["any pattern", filled],
  ["whole segments", read],
] as const;

describe("arguments", () => {
  test("inherit nothing, and nothing can be added to their prototype", () => {
    const prototype = Object.getPrototypeOf(new EmptyArgs()) as object;
    expect([Object.getPrototypeOf(prototype), Reflect.ownKeys(prototype), Object.isFrozen(prototype)]).toEqual([null, [], true]);
    expect([Object.isFrozen(noArgs), Object.keys(noArgs), Object.getPrototypeOf(noArgs) === prototype]).toEqual([true, [], true]);
  });
});

describe.each(both)("the reader of %s", (_title, reading) => {
  test.each<[string, string, [string, unknown][]]>([
    ["/:a", "/x", [["a", "x"]]],
    [
      "/users/:id/posts/:post",
      "/users/5/posts/first",
      [
        ["id", "5"],
        ["post", "first"],
      ],
    ],
    [
      "/:a/:b/end",
      "/x/y/end",
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ],
    [
      "/:a//long-text/:b",
      "/x//long-text/y",
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ],
    ["/*all", "/x", [["all", ["x"]]]],
    ["/*all", "/x/y//z/", [["all", ["x", "y", "", "z", ""]]]],
    ["/files/v-*path", "/files/v-x/y", [["path", ["x", "y"]]]],
    ["/files/v-*path", "/files/v-/y", [["path", ["", "y"]]]],
    [
      "/:a/*rest",
      "/x/y/z",
      [
        ["a", "x"],
        ["rest", ["y", "z"]],
      ],
    ],
    ["/:constructor", "/x", [["constructor", "x"]]],
    ["/:__proto__", "/x", [["__proto__", "x"]]],
  ])("reads %s from %s", (pattern, path, expected) => {
    expect(reading(pattern, path)).toEqual(expected);
  });

  test("decodes each value by itself, and only if the path has escapes", () => {
    expect(reading("/:a/*rest", "/x%2Fy/%C3%A9/z%2Fz")).toEqual([
      ["a", "x/y"],
      ["rest", ["é", "z/z"]],
    ]);
    expect(reading("/:a", "/x%2Fy", {}, false)).toEqual([["a", "x%2Fy"]]);
    expect(() => reading("/:a", "/%zz")).toThrow(MalformedPath);
    expect(() => reading("/*rest", "/a/%zz/b")).toThrow(MalformedPath);
  });

  test("converts values after decoding; those of a wildcard segment by segment", () => {
    const where = { n: int, word: oneOf("é", "b") };
    expect(reading("/:n/:other/*word", "/07/08/%C3%A9/b", where)).toEqual([
      ["n", 7],
      ["other", "08"],
      ["word", ["é", "b"]],
    ]);
    expect(reading("/*n", "/5", where)).toEqual([["n", [5]]]);
  });

  test.each([
    ["/:other/:n", "/x/y"],
    ["/:n/:other", "/y/x"],
    ["/*n", "/x"],
    ["/*n", "/1/x"],
    ["/*n", "/x/1"],
    ["/*n", "/1/x/1"],
    ["/*n", "/1/"],
  ])("refuses all values if a converter refuses one: %s from %s", (pattern, path) => {
    expect(reading(pattern, path, { n: int })).toEqual([false]);
  });

  test("does not use a property that every object inherits as a converter", () => {
    const where = Object.create({ n: int }) as Converters;
    expect(reading("/:n", "/x", where)).toEqual([["n", "x"]]);
  });
});

describe("the reader of any pattern", () => {
  test("reads several values of one segment, and a wildcard in the middle of a path", () => {
    expect(filled("/:a-:b.txt/*c/end", "/x-y.txt/1/2/end")).toEqual([
      ["a", "x"],
      ["b", "y"],
      ["c", ["1", "2"]],
    ]);
  });

  test.each(["/x", "/x/y/z", "/x/", "/x-y", ""])("refuses %j for /:a/:b", (path) => {
    expect(filled("/:a/:b", path)).toEqual([false]);
  });

  test("names its parameters in their order", () => {
    const names = (path: string) => new ArgReader(alternative(path), {}).parameters.map(({ name }) => name);
    expect(names("/x/:b/:a-:c/*d")).toEqual(["b", "a", "c", "d"]);
    expect(names("/x")).toEqual([]);
  });
});

describe("readers of whole segments", () => {
  const readers = new SegmentReaders();
  const get = (path: string, where: Converters = {}) => readers.get(new ArgReader(alternative(path), held(where)));

  test.each(["/:a-:b", "/x-:a", "/:a.txt", "/*a/x", "/*a/:b", "/:a/*b-x", "/:a-*b"])("are not used for %s", (path) => {
    expect(get(path)).toBeUndefined();
  });

  test("are shared by paths that differ only in texts of the same lengths", () => {
    expect(get("/aa/:x/b")).toBe(get("/cc/:x/d/e"));
    expect(get("/aa/:x")).not.toBe(get("/a/:x"));
    expect(get("/aa/:x")).not.toBe(get("/aa/:y"));
    expect(get("/aa/:x")).not.toBe(get("/aa/*x"));
    expect(get("/aa/:x")).not.toBe(get("/aa/:x/:y"));
  });

  test("are not shared by paths with a converter", () => {
    expect(get("/n/:x", { x: int })?.read("/n/5", false)).toMatchObject({ x: 5 });
    expect(get("/n/:x", { x: oneOf("a") })?.read("/n/a", false)).toMatchObject({ x: "a" });
    expect(get("/n/:x/:y", { y: oneOf("a") })?.read("/n/a/a", false)).toMatchObject({ x: "a", y: "a" });
    expect(get("/n/:x/:y", { y: int })?.read("/n/a/5", false)).toMatchObject({ x: "a", y: 5 });
    expect(get("/n/:x/:y")?.read("/n/a/5", false)).toMatchObject({ x: "a", y: "5" });
  });
});
