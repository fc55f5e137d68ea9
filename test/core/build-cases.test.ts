import { BuildError } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import { readFacts } from "../support/facts.ts";
import { rulesOf, type MapFacts } from "../support/route-facts.ts";

interface Case {
  readonly id: string;
  readonly map: string;
  readonly features: readonly string[];
  readonly convertersOptional?: boolean;
  readonly context: { readonly url: string; readonly serverName?: string; readonly mount?: string; readonly method?: string };
  readonly endpoint: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly options?: {
    readonly full?: boolean;
    readonly scheme?: string;
    readonly host?: string;
    readonly anchor?: string;
    readonly method?: string;
    readonly appendUnknown?: boolean;
  };
  readonly expect: { readonly url?: string; readonly anyOf?: readonly string[]; readonly orError?: string; readonly error?: string };
}

interface CaseFile {
  readonly maps: Readonly<Record<string, MapFacts>>;
  readonly cases: readonly Case[];
}

/** Cases that the design overrules, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "B-023": "no converter pads with zeros",
  "B-139": "whole numbers have no decimal point",
  "B-187": "the request's method has no part in building",
  "B-233": "a default for what the path always gives is refused",
  "B-173": "a URL without a host of its own stays a path, whichever host the request asked for",
  "B-193": "a URL without a host of its own stays a path, whichever host the request asked for",
  "B-194": "a URL without a host of its own stays a path, whichever host the request asked for",
};

/** Features that there are not. */
const foreign = new Set(["alias", "mergeSlashes(rule)", "sortParameters"]);

const { maps, cases } = readFacts<CaseFile>("build");

const own = cases.filter(({ id, features, context, options }) => {
  if (id in overruled || context.mount !== undefined || options?.method !== undefined || options?.appendUnknown === false) return false;
  return !features.some((feature) => foreign.has(feature));
});

describe("the facts of building URLs", () => {
  test("are 200 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(200);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { map, context, endpoint, values, options = {}, expect: target }) => {
    const router = new Router(rulesOf(maps[map]!, context.serverName), { target: () => undefined, methods: (rule) => rule.methods });
    const { protocol, host } = new URL(context.url);
    const { full, scheme, host: wanted, anchor } = options;
    const build = () =>
      router.build(endpoint, values, { absolute: full, scheme, host: wanted, anchor }, { scheme: protocol.slice(0, -1), host });
    if (target.error !== undefined) {
      expect(build).toThrow(BuildError);
      return;
    }
    const given = (() => {
      try {
        return build();
      } catch (error) {
        if (error instanceof BuildError && target.orError !== undefined) return target.orError;
        throw error;
      }
    })();
    const allowed = [
      ...(target.anyOf ?? []),
      ...(target.url === undefined ? [] : [target.url]),
      ...(target.orError === undefined ? [] : [target.orError]),
    ];
    expect(allowed).toContain(given);
  });
});
