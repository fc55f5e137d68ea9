import { describeRule, type CompiledRule } from "./compiled-rule.ts";
import { ownMethods } from "./methods.ts";
import type { Alternative } from "../rules/pattern.ts";
import type { RuleCandidate } from "./rule-candidate.ts";
import type { Converters } from "../rules/converter.ts";

/** Rules that can never answer one of their methods, because other rules always match first; a sentence each. */
export interface Unreachable {
  /** Pairs of rules that match the same paths and share a method. */
  readonly duplicates: readonly string[];
  readonly hidden: readonly string[];
}

/** @param ranked - The candidates of all rules that answer, the best first. */
export function findUnreachable(ranked: readonly RuleCandidate<unknown>[]): Unreachable {
  const ids = new Map<unknown, number>();
  const buckets = new Map<string, RuleCandidate<unknown>[]>();
  const answering = new Map<CompiledRule<unknown>, RuleCandidate<unknown>[] | undefined>();
  for (const candidate of ranked) {
    const { compiled, alternative } = candidate;
    const key = `${hostKey(compiled, ids)}|${shapeOf(alternative, compiled.rule.where, ids)}`;
    const bucket = buckets.get(key) ?? [];
    if (bucket.length === 0) buckets.set(key, bucket);
    const hidden = bucket.find((other) => other.compiled !== compiled && hides(other.compiled, compiled));
    bucket.push(candidate);
    if (candidate.hasOtherSlash) continue;
    // One alternative that can answer is enough; then the list of those that come first is discarded.
    const before = answering.has(compiled) ? answering.get(compiled) : [];
    answering.set(compiled, before === undefined || hidden === undefined ? undefined : [...before, hidden]);
  }
  const duplicates: string[] = [];
  const hidden: string[] = [];
  for (const [compiled, before] of answering) {
    if (before === undefined) continue;
    const others = [...new Set(before.map((other) => other.compiled))];
    const named = others.map(({ rule }) => describeRule(rule)).join(", ");
    const isDuplicate = others.length === 1 && others[0]!.readers.length === compiled.readers.length;
    (isDuplicate ? duplicates : hidden).push(
      `The rule ${describeRule(compiled.rule)} can never answer at least one of its methods: its paths are matched by ${named} first. Remove it, or give it other methods.`,
    );
  }
  return { duplicates, hidden };
}

/** A text that is equal for alternatives that match the same paths. The names of parameters do not matter. */
function shapeOf({ segments }: Alternative, where: Converters, ids: Map<unknown, number>): string {
  const idOf = (name: string) => {
    const converter = where[name];
    if (converter === undefined) return "";
    if (!ids.has(converter)) ids.set(converter, ids.size + 1);
    return ids.get(converter)!;
  };
  const shape = segments.map(({ kind, text, tokens }) =>
    kind === "static" ? text : tokens.map((token) => (token.type === "text" ? [token.value] : `${token.type}${idOf(token.name)}`)),
  );
  return JSON.stringify(shape);
}

/** A text that is equal for rules with the same hosts; empty for rules that are for any host. */
export function hostKey({ hostReaders, rule }: CompiledRule<unknown>, ids: Map<unknown, number>): string {
  return hostReaders.map(({ alternative }) => shapeOf(alternative, rule.where, ids)).join("/");
}

/**
 * Whether a rule that matches first answers a method of another rule. `HEAD` and `OPTIONS` come with other methods, so they matter only
 * if a rule has no others.
 */
function hides({ methods: first }: CompiledRule<unknown>, { methods: second }: CompiledRule<unknown>): boolean {
  if (first === undefined || second === undefined) return true;
  const isAnswered = (name: string) => first.includes(name);
  if (ownMethods(second).length > 0) return ownMethods(second).some(isAnswered);
  return ownMethods(first).length > 0 ? second.every(isAnswered) : second.some(isAnswered);
}
