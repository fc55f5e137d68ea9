import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RuleError } from "../../packages/core/src/errors.ts";
import { Router } from "../../packages/core/src/router.ts";
import { Rule } from "../../packages/core/src/rule.ts";

interface RuleFacts {
  readonly path: string;
  readonly endpoint: string | null;
  readonly methods?: readonly string[];
  readonly strictSlashes?: boolean;
}

interface Outcome {
  readonly type: string;
  readonly endpoint?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly allow?: readonly string[];
  readonly location?: string;
}

interface Case {
  readonly id: string;
  readonly map: string;
  readonly features: readonly string[];
  readonly convertersOptional?: boolean;
  readonly request: { readonly method: string; readonly url: string };
  readonly bind?: { readonly mount?: string };
  readonly expect: Outcome & { readonly anyOf?: readonly Outcome[] };
  readonly ignoreArgs?: readonly string[];
}

interface CaseFile {
  readonly maps: Readonly<
    Record<string, { readonly rules: readonly RuleFacts[]; readonly options?: { readonly strictSlashes?: boolean } }>
  >;
  readonly cases: readonly Case[];
}

/** Cases that the design overrules, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "P-010": "precedence goes from the left: a parameter before a wildcard",
  "P-031": "precedence goes from the left",
  "SL-024": "precedence goes from the left",
  "R-052": "precedence goes from the left",
  "P-032": "slashes are only mended where nothing matches",
  "P-070": "slashes are only mended where nothing matches",
  "R-078": "without converters the two rules are one",
  "R-079": "without converters the two rules are one",
  "R-098": "without converters the two rules are one",
  "P-035": "without converters the two rules are one",
  "P-046": "without converters the two rules are one",
  "P-067": "without converters the two rules are one",
  "SL-025": "repeated slashes at the start are answered with a redirect, as anywhere",
};

/** Features that rules do not have. */
const foreign = new Set(["schemes", "websocket", "mergeSlashes(rule)", "mergeSlashes=false", "subdomain", "defaults", "buildOnly"]);

const read = (name: string) => JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), "utf8")) as CaseFile;

function isForeign({ features, convertersOptional = false, bind }: Case): boolean {
  if (bind?.mount !== undefined) return true;
  return features.some((feature) => foreign.has(feature) || (feature.startsWith("converter:") && !convertersOptional));
}

/** Arguments that name a converter are numbers in the facts; here every value is text. */
const asText = (value: unknown): unknown => (typeof value === "number" ? String(value) : value);

function outcome(router: Router, { method, url }: Case["request"]): Outcome {
  const { origin } = new URL(url);
  const found = router.match(method, /^[^?#]*/.exec(url.slice(origin.length))![0]);
  switch (found.type) {
    case "found":
      return { type: "match", endpoint: found.rule.endpoint!, args: { ...found.params } };
    case "redirect":
      return { type: "redirect", location: origin + found.path + new URL(url).search };
    case "options":
    case "methodNotAllowed":
      return { type: found.type, allow: found.allow.filter((name) => name !== "OPTIONS") };
    case "malformed":
      return { type: "badRequest" };
    case "notFound":
      return { type: "notFound" };
  }
}

function plain({ type, endpoint, args, allow, location }: Outcome): Outcome {
  if (type === "match")
    return { type, endpoint: endpoint!, args: Object.fromEntries(Object.entries(args!).map(([name, value]) => [name, asText(value)])) };
  return type === "redirect" ? { type, location: location! } : type === "methodNotAllowed" ? { type, allow: allow! } : { type };
}

describe.each([
  ["routing", 100],
  ["slashes", 40],
  ["priorities", 30],
  ["unicode", 30],
] as const)("the facts of %s", (name, least) => {
  const { maps, cases } = read(name);
  const own = cases.filter((each) => !isForeign(each) && !(each.id in overruled));

  test(`are ${least} or more`, () => {
    expect(own.length).toBeGreaterThanOrEqual(least);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { map, request, expect: target }) => {
    const { rules, options } = maps[map]!;
    const router = new Router(
      rules.map(
        ({ path, endpoint, methods, strictSlashes = options?.strictSlashes ?? true }) =>
          new Rule(path, { endpoint: endpoint ?? undefined, methods, strictSlashes }),
      ),
      { target: () => undefined, methods: (rule) => rule.methods },
    );
    expect((target.anyOf ?? [target]).map(plain)).toContainEqual(outcome(router, request));
  });
});

describe("the facts of construction", () => {
  interface Construction {
    readonly id: string;
    readonly rules?: readonly (RuleFacts & {
      readonly converters?: unknown;
      readonly subdomain?: unknown;
      readonly host?: unknown;
      readonly defaults?: unknown;
    })[];
    readonly expect: { readonly ok?: boolean; readonly error?: string };
  }
  const left: Readonly<Record<string, string>> = {
    "C-025": "there are no rules for web sockets",
    "C-026": "there are no rules for building alone",
    "C-027": "a handler is a class, and action a setting of its own",
    "C-028": "there are no named converters",
    "C-032": "path-to-regexp refuses parentheses",
    "C-033": "it is about building, not about the list of rules",
    "C-030": "a function that gives rules is the template",
  };
  const { cases } = JSON.parse(readFileSync(new URL("../cases/construction.json", import.meta.url), "utf8")) as {
    cases: readonly Construction[];
  };
  const own = cases.filter(({ id, rules = [] }) => !(id in left) && !rules.some((rule) => rule.converters ?? rule.subdomain ?? rule.host));

  test("are 18 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(18);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { rules, expect: target }) => {
    const build = () =>
      new Router(
        rules!.map(({ path, endpoint, methods }) => new Rule(path, { endpoint: endpoint ?? undefined, methods })),
        { target: () => undefined, methods: (rule) => rule.methods },
      );
    if (target.ok === true) expect(build).not.toThrow();
    else expect(build).toThrow(target.error === "DuplicateRule" ? /could never answer/ : RuleError);
  });
});
