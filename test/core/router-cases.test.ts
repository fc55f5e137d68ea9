import { RuleError } from "@mini/core";
import { describe, expect, test } from "vitest";
import { Router } from "../../packages/core/src/routing/router.ts";
import { readFacts } from "../support/facts.ts";
import { rulesOf, type MapFacts, type RuleFacts } from "../support/route-facts.ts";

interface Outcome {
  readonly type: string;
  readonly endpoint?: string | null | undefined;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly allow?: readonly string[] | undefined;
  readonly location?: string | undefined;
  readonly locationAnyOf?: readonly string[];
}

interface Case {
  readonly id: string;
  readonly map: string;
  readonly features: readonly string[];
  readonly convertersOptional?: boolean;
  readonly request: { readonly method: string; readonly url: string };
  readonly bind?: { readonly mount?: string; readonly serverName?: string; readonly trustedHosts?: readonly string[] };
  readonly expect: Outcome & { readonly anyOf?: readonly Outcome[] };
  readonly ignoreArgs?: readonly string[];
}

interface CaseFile {
  readonly maps: Readonly<Record<string, MapFacts>>;
  readonly cases: readonly Case[];
}

/** Cases that the design overrules, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "R-072": "number takes whole numbers too",
  "P-011": "precedence goes from the left: a parameter before a wildcard",
  "DF-019": "a default for what the path always gives is refused",
  "RT-012": "a rule that names no host is for any",
  "H-004": "there is no server name: a rule that names no host is for any",
  "H-011": "there is no default subdomain",
  "H-012": "there is no default subdomain",
  "H-013": "there is no default subdomain",
  "H-028": "a rule that names no host is for any",
  "H-032": "there is no server name: a rule that names no host is for any",
  "P-010": "precedence goes from the left: a parameter before a wildcard",
  "P-031": "precedence goes from the left",
  "SL-024": "precedence goes from the left",
  "R-052": "precedence goes from the left",
  "P-032": "slashes are only mended where nothing matches",
  "P-070": "slashes are only mended where nothing matches",
  "SL-025": "repeated slashes at the start are answered with a redirect, as anywhere",
};

/** Features that there are not. */
const foreign = new Set(["schemes", "websocket", "mergeSlashes(rule)", "mergeSlashes=false", "alias", "redirectDefaults=false"]);

const isForeign = ({ features, bind }: Case) =>
  bind?.mount !== undefined || bind?.trustedHosts !== undefined || features.some((feature) => foreign.has(feature));

function outcome(router: Router, { method, url }: Case["request"]): Outcome {
  const { origin } = new URL(url);
  const found = router.match(method, /^[^?#]*/.exec(url.slice(url.indexOf("/", 8)))![0], { scheme: "http", host: new URL(url).host });
  switch (found.type) {
    case "found":
      return { type: "match", endpoint: found.rule.endpoint, args: { ...found.params } };
    case "redirect":
      return { type: "redirect", location: new URL(found.location, origin).href + new URL(url).search };
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
  if (type === "match") return { type, endpoint: endpoint ?? undefined, args: args! };
  return type === "redirect" ? { type, location: location! } : type === "methodNotAllowed" ? { type, allow: allow! } : { type };
}

const makeRouter = (map: MapFacts, serverName: string | undefined) =>
  new Router(rulesOf(map, serverName), { target: () => undefined, methods: (rule) => rule.methods });

describe.each([
  ["routing", 100],
  ["slashes", 40],
  ["priorities", 59],
  ["unicode", 30],
  ["defaults", 10],
  ["redirect_to", 10],
  ["hosts", 20],
  ["factories", 30],
] as const)("the facts of %s", (name, least) => {
  const { maps, cases } = readFacts<CaseFile>(name);
  const own = cases.filter((each) => !isForeign(each) && !(each.id in overruled));

  test(`are ${least} or more`, () => {
    expect(own.length).toBeGreaterThanOrEqual(least);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { map, bind, request, expect: target, ignoreArgs = [] }) => {
    const got = outcome(makeRouter(maps[map]!, bind?.serverName), request);
    const args = got.args && Object.fromEntries(Object.entries(got.args).filter(([key]) => !ignoreArgs.includes(key)));
    const allowed = target.anyOf ?? (target.locationAnyOf ?? [target.location]).map((location) => ({ ...target, location }));
    expect(allowed.map(plain)).toContainEqual(plain(args === undefined ? got : { ...got, args }));
  });
});

describe("the facts of construction", () => {
  interface Construction {
    readonly id: string;
    readonly rules?: readonly RuleFacts[];
    readonly expect: { readonly ok?: boolean; readonly error?: string };
  }
  const left: Readonly<Record<string, string>> = {
    "C-025": "there are no rules for web sockets",
    "C-027": "a handler is a class, and action a setting of its own",
    "C-028": "there are no named converters",
    "C-030": "a function that gives rules is the template",
    "C-032": "path-to-regexp refuses parentheses",
    "C-033": "it is about building, not about the list of rules",
  };
  const own = readFacts<{ readonly cases: readonly Construction[] }>("construction").cases.filter(({ id }) => !(id in left));

  test("are 20 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(20);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { rules, expect: target }) => {
    const build = () => makeRouter({ rules: rules! }, "example.org");
    if (target.ok === true) expect(build).not.toThrow();
    else expect(build).toThrow(target.error === "DuplicateRule" ? /can never answer/ : RuleError);
  });
});
