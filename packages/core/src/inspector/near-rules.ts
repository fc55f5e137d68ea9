import type { RuleDescription } from "../routing/describe-rules.ts";
import { alternatives, parsePattern } from "../rules/pattern.ts";
import { valueReader } from "../rules/value-reader.ts";
import type { AnyRule } from "../rules/rule.ts";
import { bySimilarity } from "../urls/similar-names.ts";

/** A rule that nearly answered a request, and why it did not. */
export interface NearRule {
  readonly path: string;
  readonly why: string;
}

const most = 5;

/**
 * The rules that match the path of a request and did not answer it, then those with the most similar paths.
 *
 * @param rows - The table of rules, in the order of the rules.
 */
export function nearRules(
  rules: readonly AnyRule[],
  rows: readonly RuleDescription[],
  { method, path, rule: answered }: { readonly method: string; readonly path: string; readonly rule: AnyRule | undefined },
): readonly NearRule[] {
  const others = rules.map((rule, i) => ({ rule, methods: rows[i]?.methods })).filter(({ rule }) => rule !== answered);
  const matching = others.filter(({ rule }) => matches(rule, path));
  const similar =
    answered === undefined
      ? bySimilarity(
          path,
          others.filter((each) => !matching.includes(each)),
          ({ rule }) => rule.path,
          most,
        )
      : [];
  return [
    ...matching.map(({ rule, methods }) => ({ path: rule.path, why: whyNot(rule, methods, method, answered) })),
    ...similar.map(({ rule }) => ({ path: rule.path, why: "its path is another" })),
  ].slice(0, most);
}

function matches({ path }: AnyRule, requested: string): boolean {
  return alternatives(parsePattern(path)).some((alternative) => valueReader(alternative)(requested) !== undefined);
}

function whyNot(rule: AnyRule, methods: readonly string[] | undefined, method: string, answered: AnyRule | undefined): string {
  if (rule.buildOnly) return "it only builds URLs";
  if (methods !== undefined && !methods.includes(method) && !(method === "HEAD" && methods.includes("GET")))
    return `it answers ${methods.join(", ")}`;
  if (rule.host !== undefined) return `its host is ${rule.host}, or the other rule is more specific`;
  if (answered !== undefined && Object.keys(rule.where).length === 0) return "the other rule is more specific";
  return "one of its converters refuses a value";
}
