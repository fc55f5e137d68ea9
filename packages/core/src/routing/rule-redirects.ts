import type { Args } from "../rules/arg-reader.ts";
import { describeRule, type CompiledRule } from "./compiled-rule.ts";
import { quoted } from "../urls/build-error.ts";
import type { EndpointUrls } from "../urls/endpoint-urls.ts";
import { safeRedirect, writeRedirect } from "../urls/redirect-target.ts";
import type { AnyRule } from "../rules/rule.ts";
import { partOfQuery } from "../urls/schema-query.ts";
import { UnbuildableUrl } from "../urls/url-args.ts";
import { allNames } from "../urls/url-builder.ts";

/** The target of a redirect, and the host if it is another one. */
export interface Location {
  readonly host: string | undefined;
  /** A path with one leading slash, or a URL with scheme and host. */
  readonly pathOrUrl: string;
}

/** Reports rules that redirect to something that does not exist; a sentence each. */
export function checkRedirects(
  compiledRules: readonly CompiledRule<unknown>[],
  endpoints: EndpointUrls,
  rules: readonly AnyRule[],
  report: (problem: string) => void,
): void {
  for (const compiled of compiledRules) {
    const problem = problemOf(compiled, endpoints, rules);
    if (problem !== undefined) report(`The rule ${describeRule(compiled.rule)} cannot redirect: ${problem}.`);
  }
}

function problemOf(compiled: CompiledRule<unknown>, endpoints: EndpointUrls, all: readonly AnyRule[]): string | undefined {
  const { redirectTo } = compiled.rule;
  if (redirectTo === undefined || typeof redirectTo === "function") return undefined;
  if (typeof redirectTo === "string") {
    const unknown = allNames(compiled.redirect!.tokens).filter((name) => !compiled.args.has(name));
    return unknown.length === 0 ? undefined : `redirectTo has ${quoted(unknown)}, which the rule does not have`;
  }
  const rules = endpoints.rules(redirectTo.endpoint);
  if (rules.length === 0) {
    // A rule that cannot work was already reported.
    const isKnown = all.some(({ endpoint }) => endpoint === redirectTo.endpoint);
    return isKnown ? undefined : `no rule has the endpoint "${redirectTo.endpoint}"`;
  }
  const args = Object.fromEntries([...compiled.args].map((name) => [name, true]));
  const missing = rules.map(({ builder }) => builder.missing(args, false));
  if (missing.some((names) => names.length === 0)) return undefined;
  return `the endpoint "${redirectTo.endpoint}" needs ${quoted(missing[0]!)}, which the rule does not have`;
}

/**
 * The target of a rule that redirects.
 *
 * @throws UnbuildableUrl if no rule of the endpoint fits the arguments.
 * @throws TypeError for a function that does not return text, or returns an invalid URL.
 */
export function redirectFor(compiled: CompiledRule<unknown>, args: Args, endpoints: EndpointUrls): Location {
  const redirectTo = compiled.rule.redirectTo!;
  if (typeof redirectTo === "string") return { host: undefined, pathOrUrl: writeRedirect(compiled.redirect!, args) };
  if (typeof redirectTo === "function") {
    const given: unknown = redirectTo(args);
    if (given instanceof Promise) given.catch(() => {}); // otherwise a rejected one would end the process
    if (typeof given !== "string") throw new TypeError(`redirectTo of the rule ${describeRule(compiled.rule)} must return a URL as text.`);
    try {
      return { host: undefined, pathOrUrl: safeRedirect(given) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`The rule ${describeRule(compiled.rule)} cannot work: ${error.message}.`, { cause: error });
    }
  }
  const fitting = endpoints
    .rules(redirectTo.endpoint)
    .find(({ builder }) => builder.missing(args, false).length === 0 && builder.countKnown(args) !== undefined);
  if (fitting === undefined) throw new UnbuildableUrl(`no rule of the endpoint "${redirectTo.endpoint}" fits the arguments`);
  const { builder, rule } = fitting;
  const { query } = rule;
  return { host: builder.host(args), pathOrUrl: builder.build(args, query && ((all, isUsed) => partOfQuery(query, all, isUsed))) };
}
