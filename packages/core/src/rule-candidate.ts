import { ArgReader, noArgs, type Args } from "./arg-reader.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import type { Candidate } from "./matcher.ts";
import { otherSlash, type Alternative } from "./pattern.ts";
import type { AnyRule } from "./rule.ts";

/** The answer to a request that a rule was found for. */
export interface Found<Target> {
  readonly type: "found";
  readonly rule: AnyRule;
  readonly target: Target;
  readonly params: Args;
}

/** One alternative of a rule's path, as the matcher finds it. */
export class RuleCandidate<Target> implements Candidate {
  readonly compiled: CompiledRule<Target>;
  readonly alternative: Alternative;
  readonly constrained: ReadonlySet<string>;
  readonly optional: boolean;
  readonly lenient: boolean;
  readonly reader: ArgReader;
  /** Readers of alternatives that path-to-regexp would try first, and that may match the same path. */
  readonly earlier: readonly ArgReader[];
  /** Whether the path ends with a slash. */
  readonly isBranch: boolean;
  /** What is answered, where that is always the same. */
  answer: Found<Target> | undefined;

  constructor(compiled: CompiledRule<Target>, { alternative, reader, earlier, lenient }: CandidateParts) {
    this.compiled = compiled;
    this.alternative = alternative;
    this.constrained = compiled.constrained;
    this.optional = compiled.path.length > 1;
    this.lenient = lenient;
    this.reader = reader;
    this.earlier = earlier;
    this.isBranch = alternative.segments.at(-1)!.text === "" && alternative.segments.at(-1)!.kind === "static";
    this.answer = undefined;
  }

  /** Makes the answer once, if the rule takes nothing from its path; for a rule whose URLs are canonical. */
  prepareAnswer(): void {
    const { rule, target, args } = this.compiled;
    if (rule.redirectTo !== undefined || args.size > 0) return;
    this.answer = Object.freeze({ type: "found", rule, target: target as Target, params: noArgs });
  }
}

interface CandidateParts {
  readonly alternative: Alternative;
  readonly reader: ArgReader;
  readonly earlier: readonly ArgReader[];
  readonly lenient: boolean;
}

const none: readonly ArgReader[] = Object.freeze([]);

/** Every alternative of a rule's path, those with the other final slash last. */
export function candidatesOf<Target>(compiled: CompiledRule<Target>): readonly RuleCandidate<Target>[] {
  const { path, readers, rule } = compiled;
  const own = path.map((alternative, i) => ({ alternative, reader: readers[i]!, lenient: false }));
  const slashed = rule.strictSlashes ? [] : path.flatMap((alternative) => otherSlash(alternative) ?? []);
  const lenient = slashed.map((alternative) => ({ alternative, reader: new ArgReader(alternative, rule.where), lenient: true }));
  return [...own, ...lenient].map((each, i) => {
    const earlier = own.slice(0, i).filter(({ alternative }) => mayOverlap(alternative, each.alternative));
    return new RuleCandidate(compiled, { ...each, earlier: earlier.length === 0 ? none : earlier.map(({ reader }) => reader) });
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
