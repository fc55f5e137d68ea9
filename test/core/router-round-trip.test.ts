import { BuildError, RuleError, Rule } from "@mini/core";
import fc from "fast-check";
import { parse, type Token } from "path-to-regexp";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import { longRun, pairs, progress, seed } from "../support/long-run.ts";
import { pattern } from "../support/patterns.ts";

const value = fc.oneof(
  fc.constantFrom("a", "b", "a-b", "a.b", "-", "a-", "-a", "é", "a/b", "%2F", "%", " ", "?", "#", "a--b", "c.-", "...", "_", "~a"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
);
const values = fc.array(fc.option(value, { nil: undefined, freq: 4 }), { minLength: 9, maxLength: 9 });

/** Every parameter of a pattern, groups included, with whether it is a wildcard. */
function parameters(tokens: readonly Token[]): readonly (readonly [string, boolean])[] {
  return tokens.flatMap((token) =>
    token.type === "group" ? parameters(token.tokens) : token.type === "text" ? [] : [[token.name, token.type === "wildcard"] as const],
  );
}

function makeRouter(path: string): Router | undefined {
  try {
    return new Router([new Rule(path, { endpoint: "it" })], { target: () => undefined, methods: () => undefined });
  } catch (error) {
    if (error instanceof RuleError) return undefined;
    throw error;
  }
}

function build(router: Router, args: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return router.build("it", args);
  } catch (error) {
    if (error instanceof BuildError) return undefined;
    throw error;
  }
}

describe("what urlFor() builds", () => {
  test(
    `is found again with the same arguments, or refused: ${pairs} random patterns and arguments`,
    () => {
      let tried = 0;
      let built = 0;
      fc.assert(
        fc.property(pattern, fc.array(values, { minLength: 5, maxLength: 5 }), (path, several) => {
          const router = makeRouter(path);
          if (router === undefined) return;
          for (const texts of several) {
            const args: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
            for (const [i, [name, isWildcard]] of parameters(parse(path).tokens).entries()) {
              const text = texts[i % texts.length];
              if (text !== undefined) args[name] = isWildcard ? [text, ...(texts[(i + 1) % texts.length]?.split("/") ?? [])] : text;
            }
            progress("built", ++tried);
            const url = build(router, args);
            if (url === undefined) continue;
            built++;
            const [own, query] = url.split("?") as [string, string | undefined];
            const found = router.match("GET", own);
            const search = new URLSearchParams(query);
            const got: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
            if (found.type === "found") Object.assign(got, found.params);
            for (const name of search.keys()) got[name] = Array.isArray(args[name]) ? search.getAll(name) : search.get(name);
            expect({ type: found.type, ...got }, `${path} with ${JSON.stringify(args)} is ${url}`).toEqual({ type: "found", ...args });
          }
        }),
        { seed, numRuns: Math.ceil(pairs / 3) },
      );
      expect(tried).toBeGreaterThan(pairs);
      expect(built).toBeGreaterThan(pairs / 5);
    },
    longRun,
  );

  const router = new Router(
    [
      new Rule("/:name.:ext", { endpoint: "file" }),
      new Rule("/two/:a-:b", { endpoint: "two" }),
      new Rule("/opt{/:a}{/:b}", { endpoint: "opt" }),
      new Rule("/wild/*a/x/*b", { endpoint: "wild" }),
    ],
    { target: () => undefined, methods: () => undefined },
  );

  test.each([
    ["file", { name: "archive", ext: "tar.gz" }, "/archive.tar.gz"],
    ["file", { name: "archive.tar", ext: "gz" }, "/archive%2Etar.gz"],
    ["two", { a: "1-2", b: "3" }, "/two/1%2D2-3"],
    ["opt", { a: "1", b: "2" }, "/opt/1/2"],
    ["wild", { a: ["p"], b: ["q", "x", "r"] }, "/wild/p/x/q/x/r"],
  ])("escapes the separators of its path: %s of %j is %s", (endpoint, args, url) => {
    expect(router.build(endpoint, args)).toBe(url);
  });

  test.each([
    ["opt", { b: "2" }],
    ["wild", { a: ["p", "x", "q"], b: ["r"] }],
  ])("is refused if the arguments cannot be told apart in the path: %s of %j", (endpoint, args) => {
    expect(() => router.build(endpoint, args)).toThrow(BuildError);
    expect(() => router.build(endpoint, args)).toThrow("cannot be told apart in the path");
  });
});
