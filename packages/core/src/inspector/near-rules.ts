import type { RuleDescription } from "../routing/describe-rules.ts";
import { alternatives, parsePattern } from "../rules/pattern.ts";
import { valueReader, type ValueReader } from "../rules/value-reader.ts";
import type { AnyRule } from "../rules/rule.ts";
import { bySimilarity } from "../urls/similar-names.ts";

/** A rule that nearly answered a request, and why it did not. */
export interface NearRule {
  readonly path: string;
  readonly why: string;
}

/** The most rules that are shown for one request. */
const mostRules = 5;

interface Candidate {
  readonly rule: AnyRule;
  /** Position in the list of rules, and in the table. */
  readonly index: number;
  /** One for each alternative of its path. */
  readonly readers: readonly ValueReader[];
}

/** Finds the rules that nearly answered a request. */
export class NearRules {
  readonly #candidates: readonly Candidate[];
  readonly #describe: () => readonly RuleDescription[];

  /** @param describe - Returns the table of rules, in the order of the rules. */
  constructor(rules: readonly AnyRule[], describe: () => readonly RuleDescription[]) {
    this.#candidates = rules.map((rule, index) => ({ rule, index, readers: alternatives(parsePattern(rule.path)).map(valueReader) }));
    this.#describe = describe;
  }

  /** The rules that match the path of a request and did not answer it. If no rule answered, those with the most similar paths follow. */
  for(request: { readonly method: string; readonly path: string; readonly rule: AnyRule | undefined }): readonly NearRule[] {
    const { path, rule: answered } = request;
    const others = this.#candidates.filter(({ rule }) => rule !== answered);
    const matching = others.filter(({ readers }) => readers.some((read) => read(path) !== undefined));
    const found = matching.slice(0, mostRules).map((each) => ({ path: each.rule.path, why: this.#whyNot(each, request) }));
    if (answered !== undefined) return found;
    const distant = others.filter((each) => !matching.includes(each));
    const similar = bySimilarity(path, distant, ({ rule }) => rule.path, mostRules);
    return [...found, ...similar.map(({ rule }) => ({ path: rule.path, why: "its path is different" }))].slice(0, mostRules);
  }

  #whyNot({ rule, index }: Candidate, { method, rule: answered }: { readonly method: string; readonly rule: AnyRule | undefined }): string {
    const methods = this.#describe()[index]?.methods;
    if (rule.buildOnly) return "it only builds URLs";
    if (methods !== undefined && !methods.includes(method) && !(method === "HEAD" && methods.includes("GET")))
      return `it answers ${methods.join(", ")}`;
    if (rule.host !== undefined) return `its host is ${rule.host}, or the other rule is more specific`;
    if (answered !== undefined && Object.keys(rule.where).length === 0) return "the other rule is more specific";
    return "one of its converters refuses a value";
  }
}
