import { describeRule, type CompiledRule } from "./compiled-rule.ts";
import type { Endpoints } from "./endpoints.ts";
import { RuleError } from "./errors.ts";
import { safeRedirect, writeRedirect } from "./redirect-pattern.ts";
import type { Args } from "./rule-args.ts";
import { allNames, Refused } from "./url-builder.ts";

/** Where a request is sent: a path, and a host where it is another one. */
export interface Location {
  readonly host: string | undefined;
  /** With one leading slash, or with scheme and host before it. */
  readonly path: string;
}

/** @throws RuleError naming rules that redirect to what is not there. */
export function checkRedirects(rules: readonly CompiledRule<unknown>[], endpoints: Endpoints): void {
  const problems = rules.flatMap((compiled) => {
    const problem = problemOf(compiled, endpoints);
    return problem === undefined ? [] : [`The rule ${describeRule(compiled.rule)} can not redirect: ${problem}.`];
  });
  if (problems.length > 0) throw new RuleError(problems);
}

function problemOf(compiled: CompiledRule<unknown>, endpoints: Endpoints): string | undefined {
  const { redirectTo } = compiled.rule;
  if (redirectTo === undefined || typeof redirectTo === "function") return undefined;
  if (typeof redirectTo === "string") {
    const unknown = allNames(compiled.redirect!.tokens).filter((name) => !compiled.args.has(name));
    return unknown.length === 0
      ? undefined
      : `redirectTo has ${unknown.map((name) => `"${name}"`).join(", ")}, which the rule does not give`;
  }
  const rules = endpoints.rules(redirectTo.endpoint);
  if (rules.length === 0) return `no rule has the endpoint "${redirectTo.endpoint}"`;
  const args = Object.fromEntries([...compiled.args].map((name) => [name, true]));
  if (rules.some(({ builder }) => builder.missing(args, false).length === 0)) return undefined;
  return `the endpoint "${redirectTo.endpoint}" needs ${rules[0]!.builder
    .missing(args, false)
    .map((name) => `"${name}"`)
    .join(", ")}, which the rule does not give`;
}

/**
 * Where a rule that has `redirectTo` sends a request.
 *
 * @throws Refused when the endpoint's rules do not fit the arguments.
 */
export function redirectFor(compiled: CompiledRule<unknown>, args: Args, endpoints: Endpoints): Location {
  const redirectTo = compiled.rule.redirectTo!;
  if (typeof redirectTo === "string") return { host: undefined, path: writeRedirect(compiled.redirect!, args) };
  if (typeof redirectTo === "function") {
    const given = redirectTo(args);
    if (typeof given !== "string") throw new TypeError(`redirectTo of the rule ${describeRule(compiled.rule)} must give a URL as text.`);
    return { host: undefined, path: safeRedirect(given) };
  }
  const fitting = endpoints
    .rules(redirectTo.endpoint)
    .find(({ builder }) => builder.missing(args, false).length === 0 && builder.fit(args) !== undefined);
  if (fitting === undefined) throw new Refused(`no rule of the endpoint "${redirectTo.endpoint}" fits the arguments`);
  return { host: fitting.builder.host(args), path: fitting.builder.build(args) };
}
