import { ArgReader, noArgs, type Args, type SegmentReader, type SegmentReaders } from "../rules/arg-reader.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import type { Candidate } from "./matcher.ts";
import { otherSlash, type Alternative } from "../rules/pattern.ts";
import type { AnyRule } from "../rules/rule.ts";

/** The result of a lookup that has found a rule. */
export interface Found<Target> {
  readonly type: "found";
  readonly rule: AnyRule;
  readonly target: Target;
  readonly params: Args;
}

/** One alternative of the path of a rule, which the matcher can find. It holds all that a lookup reads, so that one object is enough. */
export class RuleCandidate<Target> implements Candidate {
  next: this | undefined = undefined;
  readonly isConstrained: boolean;
  /** HTTP methods of the rule; `undefined`: any. */
  methods: readonly string[] | undefined = undefined;
  /** Whether the class of its handler is not loaded yet. Then `methods` is only what the rule says. */
  isPending = false;
  /** Whether there are no arguments. */
  readonly hasNoArgs: boolean;
  /** Reads the arguments segment by segment. `undefined` if the host, the defaults or another alternative can give arguments too. */
  readonly segments: SegmentReader | undefined;
  /** Without `segments`, these read the arguments: the alternatives that path-to-regexp would try first, then this one. */
  readonly readers: readonly ArgReader[];
  /** The result of every lookup, if it is always the same: the rule has no arguments, and no other URL can be canonical. */
  answer: Found<Target> | undefined = undefined;
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
  readonly hasOtherSlash: boolean;
  order = 0;

  constructor(compiled: CompiledRule<Target>, { segments, readers, hasOtherSlash, mayHaveOtherUrl }: CandidateParts) {
    const { alternative } = readers.at(-1)!;
    const { rule, constrained, hostReaders, defaults } = compiled;
    this.isConstrained = constrained.size > 0;
    this.hasNoArgs = compiled.args.size === 0;
    this.segments = readers.length === 1 && hostReaders.length === 0 && defaults.length === 0 ? segments : undefined;
    this.readers = readers;
    this.rule = rule;
    this.target = compiled.target;
    this.isRedirect = rule.redirectTo !== undefined;
    this.compiled = compiled;
    this.isBranch = alternative.segments.at(-1)!.text === "" && alternative.segments.at(-1)!.kind === "static";
    this.alternative = alternative;
    this.constrained = constrained;
    this.optional = compiled.readers.length > 1;
    this.hasOtherSlash = hasOtherSlash;
    this.mayHaveOtherUrl = mayHaveOtherUrl;
    this.update();
  }

  /** Takes over the methods of the rule: those of its handler, when that is loaded. */
  update(): void {
    this.methods = this.compiled.methods;
    this.isPending = this.compiled.isPending;
    const isAlwaysSame = !this.isRedirect && !this.isPending && this.hasNoArgs && !this.mayHaveOtherUrl;
    if (isAlwaysSame) this.answer = Object.freeze({ type: "found", rule: this.rule, target: this.target as Target, params: noArgs });
  }
}

interface CandidateParts {
  readonly segments: SegmentReader | undefined;
  readonly readers: readonly ArgReader[];
  readonly hasOtherSlash: boolean;
  readonly mayHaveOtherUrl: boolean;
}

/**
 * All alternatives of the path of a rule; those with another final slash come last.
 *
 * @param shared - The segment readers of all rules.
 * @param mayHaveOtherUrl - Whether another URL may be the canonical one for the same arguments.
 */
export function candidatesOf<Target>(
  compiled: CompiledRule<Target>,
  shared: SegmentReaders,
  mayHaveOtherUrl: boolean,
): readonly RuleCandidate<Target>[] {
  const { readers: own, rule } = compiled;
  const slashed = rule.strictSlashes ? [] : own.flatMap(({ alternative }) => otherSlash(alternative) ?? []);
  const others = slashed.map((alternative) => new ArgReader(alternative, rule.where));
  return [...own, ...others].map((reader, i) => {
    const earlier = own.slice(0, i).filter((each) => mayOverlap(each.alternative, reader.alternative));
    const segments = shared.get(reader);
    return new RuleCandidate(compiled, { segments, readers: [...earlier, reader], hasOtherSlash: i >= own.length, mayHaveOtherUrl });
  });
}

/** Whether two alternatives might match the same path. */
function mayOverlap(one: Alternative, other: Alternative): boolean {
  const hasWildcard = ({ segments }: Alternative) => segments.some(({ kind }) => kind === "wildcard");
  if (hasWildcard(one) || hasWildcard(other)) return true;
  if (one.segments.length !== other.segments.length) return false;
  return one.segments.every((segment, i) => {
    const beside = other.segments[i]!;
    return segment.kind !== "static" || beside.kind !== "static" || segment.text === beside.text;
  });
}
