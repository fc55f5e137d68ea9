import { RuleError, Rule } from "@mini/core";
import fc from "fast-check";
import { match } from "path-to-regexp";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import { longRun, pairs, progress, seed } from "../support/long-run.ts";
import { pattern } from "../support/patterns.ts";

const piece = fc.constantFrom(
  "/",
  "/",
  "a",
  "b",
  "c",
  ".",
  "-",
  "é",
  "%2F",
  "%C3%A9",
  "%20",
  "%25",
  "%",
  "%zz",
  "aa",
  "/a",
  "/b/",
  "-b",
  "a-b.c",
  "\n",
  "\\",
);
const path = fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join("")}`);

/** The path as a rule would build it, changed a little: it is near what matches. */
function near(tokens: string, seedText: readonly string[]): string {
  let i = 0;
  const next = () => seedText[i++ % seedText.length]!;
  return tokens
    .replace(/[{}\\]/g, "")
    .replace(/[:*](?:"[^"]*"|[\wü]+)/g, () => next())
    .replaceAll("é", "%C3%A9")
    .replaceAll(" ", "%20");
}

const reference = (rule: string) => match(rule, { sensitive: true, trailing: false, encodePath: encodeURI });

function expected(rule: string, raw: string): unknown {
  try {
    const found = reference(rule)(raw.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()));
    return found === false ? false : found.params;
  } catch (error) {
    if (error instanceof URIError) return "malformed";
    throw error;
  }
}

function answer(router: Router, raw: string): unknown {
  const found = router.match("GET", raw);
  if (found.type === "found") return found.params;
  return found.type === "malformed" ? "malformed" : false;
}

describe("a router with one rule", () => {
  test(
    `answers ${pairs} random paths as path-to-regexp's match does`,
    () => {
      let compared = 0;
      let matched = 0;
      const cases = fc.tuple(
        pattern,
        fc.array(path, { minLength: 6, maxLength: 6 }),
        fc.array(fc.constantFrom("a", "b-a", "a.b", "c", "%2F", "a/b", "a//"), { minLength: 3, maxLength: 3 }),
      );
      fc.assert(
        fc.property(cases, ([rule, paths, values]) => {
          let router: Router;
          try {
            router = new Router([new Rule(rule)], { target: () => undefined, methods: () => undefined });
          } catch (error) {
            if (error instanceof RuleError) return;
            throw error;
          }
          const built = near(rule, values);
          for (const raw of [...paths, built, `${built}/`, built.slice(0, -1), `${built}-b`]) {
            const want = expected(rule, raw);
            const got = answer(router, raw);
            progress("compared", ++compared);
            if (want !== false) matched++;
            // A path that no rule matches is malformed all the same, where its escapes are.
            if (want === false && got === "malformed") continue;
            expect(got, `${rule} on ${raw}`).toEqual(want);
          }
        }),
        { seed, numRuns: Math.ceil(pairs / 5) },
      );
      expect(compared).toBeGreaterThan(pairs);
      expect(matched).toBeGreaterThan(pairs / 10);
    },
    longRun,
  );
});
