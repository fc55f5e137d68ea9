import { DuplicateRuleError, RuleError } from "../rules/errors.ts";
import { groupBy } from "../rules/group-by.ts";
import type { AnyRule } from "../rules/rule.ts";
import { SegmentReaders } from "../rules/arg-reader.ts";
import { EndpointUrls } from "../urls/endpoint-urls.ts";
import { CanonicalUrls } from "./canonical-urls.ts";
import { compileRules, type CompiledRule, type RuleTargets } from "./compiled-rule.ts";
import { ownMethods } from "./methods.ts";
import { literalSpelling, type Spelling } from "./literal-spellings.ts";
import { Matcher, rankCandidates, type Candidate } from "./matcher.ts";
import { candidatesOf, type RuleCandidate } from "./rule-candidate.ts";
import { checkRedirects } from "./rule-redirects.ts";
import { findUnreachable, hostKey } from "./unreachable-rules.ts";

/** The rules of one group of hosts, as a candidate of the matcher that tells hosts apart. */
export interface HostCandidate<Target> extends Candidate {
  readonly rules: Matcher<RuleCandidate<Target>>;
}

/** The rules of a router, compiled, checked and ready to be searched. */
export interface RuleTable<Target> {
  /** Finds the rules of a host, and the rules for any host; `undefined` if no rule has a host. */
  readonly hosts: Matcher<HostCandidate<Target>> | undefined;
  readonly anyHost: Matcher<RuleCandidate<Target>>;
  /** Whether the path of any rule ends with a slash. */
  readonly hasBranches: boolean;
  /** Converts a path to the spelling of the literals; `undefined` if they have only one spelling. */
  readonly spelling: Spelling | undefined;
  readonly endpoints: EndpointUrls;
  readonly canonical: CanonicalUrls;
  readonly compiled: ReadonlyMap<AnyRule, CompiledRule<Target>>;
  /** The candidates of rules whose handlers are not loaded yet. */
  readonly pending: Set<RuleCandidate<Target>>;
}

/** @throws RuleError, DuplicateRuleError naming every rule that cannot work. */
export function makeRuleTable<Target>(rules: readonly AnyRule[], targets: RuleTargets<Target>, basePath: string): RuleTable<Target> {
  const problems = [...(targets.problems ?? [])];
  const report = (problem: string) => void problems.push(problem);
  const compiled = compileRules(rules, targets, report);
  const endpoints = new EndpointUrls(compiled, basePath);
  const canonical = new CanonicalUrls(compiled);
  checkRedirects(compiled, endpoints, rules, report);
  // The first of equal rules answers, and a rule for HEAD alone comes before one whose GET would answer HEAD.
  const answering = compiled
    .filter(({ rule }) => !rule.buildOnly)
    .toSorted((one, other) => Number(isHeadAlone(other)) - Number(isHeadAlone(one)));
  const readers = new SegmentReaders();
  const ranked = rankCandidates(answering.flatMap((each) => candidatesOf(each, readers, canonical.has(each))));
  const { duplicates, hidden } = findUnreachable(ranked);
  problems.push(...duplicates, ...hidden);
  if (problems.length > 0) throw new (duplicates.length > 0 ? DuplicateRuleError : RuleError)(problems);
  const ids = new Map<unknown, number>();
  const byHost = groupBy(ranked, ({ compiled: each }) => hostKey(each, ids));
  const anyHost = byHost.get("") ?? [];
  byHost.delete("");
  return {
    hosts: byHost.size === 0 ? undefined : new Matcher(rankCandidates([...byHost.values()].flatMap(hostCandidates))),
    anyHost: new Matcher(anyHost),
    spelling: literalSpelling(ranked.map(({ alternative }) => alternative)),
    hasBranches: ranked.some(({ isBranch }) => isBranch),
    endpoints,
    canonical,
    compiled: new Map(compiled.map((each) => [each.rule, each])),
    pending: new Set(ranked.filter(({ isPending }) => isPending)),
  };
}

/** One group's hosts, as patterns that a matcher tells apart like paths. */
function hostCandidates<Target>(ranked: readonly RuleCandidate<Target>[]): readonly HostCandidate<Target>[] {
  const rules = new Matcher(ranked);
  const { hostReaders, constrained } = ranked[0]!.compiled;
  return hostReaders.map(({ alternative }) => ({
    rules,
    alternative,
    constrained,
    optional: hostReaders.length > 1,
    hasOtherSlash: false,
    order: 0,
    next: undefined,
  }));
}

const isHeadAlone = ({ methods }: CompiledRule<unknown>) => methods?.includes("HEAD") === true && ownMethods(methods).length === 0;
