import { ArgReader, noArgs, type Args, type SegmentReader, type SegmentReaders } from "../rules/arg-reader.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import type { Candidate } from "./matcher.ts";
import { otherSlash, type Alternative } from "../rules/pattern.ts";
import type { AnyRule } from "../rules/rule.ts";

/** The answer to a request that a rule was found for. */
export interface Found<Target> {
  readonly type: "found";
  readonly rule: AnyRule;
  readonly target: Target;
  readonly params: Args;
}

/** One alternative of a rule's path, as the matcher finds it. What a lookup reads stands here, so that it looks nowhere else. */
export class RuleCandidate<Target> implements Candidate {
  next: this | undefined = undefined;
  readonly isConstrained: boolean;
  /** HTTP methods of the rule; `undefined`: any. */
  readonly methods: readonly string[] | undefined;
  /** Whether there are no arguments. */
  readonly takesNothing: boolean;
  /** What reads the arguments where nothing but this path gives any, segment by segment. */
  readonly segments: SegmentReader | undefined;
  /** What reads them elsewhere: alternatives that path-to-regexp would try first, then this one. */
  readonly readers: readonly ArgReader[];
  /** What is answered, where that is always the same: the rule takes nothing from its path, and no other URL is canonical. */
  readonly answer: Found<Target> | undefined;
  /** Whether another URL may be the canonical one for the same arguments. */
  readonly mayHaveOtherUrl: boolean;
  readonly rule: AnyRule;
  readonly target: Target | undefined;
  readonly isRedirect: boolean;
  readonly compiled: CompiledRule<Target>;
  /** Whether the path ends with a slash. */
  readonly isBranch: boolean;
  readonly alternative: Alternative;
  readonly constrained: ReadonlySet<string>;
  readonly optional: boolean;
  readonly lenient: boolean;
  order = 0;

  constructor(compiled: CompiledRule<Target>, { alternative, segments, readers, lenient, mayHaveOtherUrl }: CandidateParts) {
    const { rule, constrained, hostReaders, defaults } = compiled;
    this.isConstrained = constrained.size > 0;
    this.methods = compiled.methods;
    this.takesNothing = compiled.args.size === 0;
    this.segments = readers.length === 1 && hostReaders === undefined && defaults.length === 0 ? segments : undefined;
    this.readers = readers;
    this.rule = rule;
    this.target = compiled.target;
    this.isRedirect = rule.redirectTo !== undefined;
    this.compiled = compiled;
    this.isBranch = alternative.segments.at(-1)!.text === "" && alternative.segments.at(-1)!.kind === "static";
    this.alternative = alternative;
    this.constrained = constrained;
    this.optional = compiled.path.length > 1;
    this.lenient = lenient;
    this.mayHaveOtherUrl = mayHaveOtherUrl;
    this.answer =
      this.isRedirect || !this.takesNothing || mayHaveOtherUrl
        ? undefined
        : Object.freeze({ type: "found", rule, target: compiled.target as Target, params: noArgs });
  }
}

interface CandidateParts {
  readonly alternative: Alternative;
  readonly segments: SegmentReader | undefined;
  readonly readers: readonly ArgReader[];
  readonly lenient: boolean;
  readonly mayHaveOtherUrl: boolean;
}

/**
 * Every alternative of a rule's path, those with the other final slash last.
 *
 * @param shared - Where the segment readers of all rules come from.
 * @param mayHaveOtherUrl - Whether another URL may be the canonical one for the same arguments.
 */
export function candidatesOf<Target>(
  compiled: CompiledRule<Target>,
  shared: SegmentReaders,
  mayHaveOtherUrl: boolean,
): readonly RuleCandidate<Target>[] {
  const { path, readers, rule } = compiled;
  const own = path.map((alternative, i) => ({ alternative, reader: readers[i]!, lenient: false }));
  const slashed = rule.strictSlashes ? [] : path.flatMap((alternative) => otherSlash(alternative) ?? []);
  const lenient = slashed.map((alternative) => ({ alternative, reader: new ArgReader(alternative, rule.where), lenient: true }));
  return [...own, ...lenient].map((each, i) => {
    const earlier = own.slice(0, i).filter(({ alternative }) => mayOverlap(alternative, each.alternative));
    const segments = shared.get(each.alternative, rule.where);
    return new RuleCandidate(compiled, { ...each, segments, readers: [...earlier, each].map(({ reader }) => reader), mayHaveOtherUrl });
  });
}

/** Whether two alternatives may match the same path, as far as is seen at once. */
function mayOverlap(one: Alternative, other: Alternative): boolean {
  const hasWildcard = ({ segments }: Alternative) => segments.some(({ kind }) => kind === "wildcard");
  if (hasWildcard(one) || hasWildcard(other)) return true;
  if (one.segments.length !== other.segments.length) return false;
  return one.segments.every((segment, i) => {
    const beside = other.segments[i]!;
    return segment.kind !== "static" || beside.kind !== "static" || segment.text === beside.text;
  });
}
