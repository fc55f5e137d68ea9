import type { Args } from "../rules/arg-reader.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import { groupBy } from "../rules/group-by.ts";
import { hostAsPath } from "../rules/pattern.ts";
import type { RuleCandidate } from "./rule-candidate.ts";
import type { Location } from "./rule-redirects.ts";
import { sameValue } from "../urls/url-args.ts";

/** What the search for a canonical URL needs to know about a request. */
export interface RequestedUrl {
  /** The path as it was sent. */
  readonly sent: string;
  /** The host in the form of a path; `undefined`: the host does not matter. */
  readonly host: string | undefined;
  /** Whether the methods of a rule, `undefined` for any, include that of the request. */
  allows(methods: readonly string[] | undefined): boolean;
}

/**
 * Finds the canonical URL of arguments that several rules of an endpoint can have. It is the URL of the rule that has the most of
 * them as defaults. The others redirect to it.
 */
export class CanonicalUrls {
  /** Rules with defaults, those with most defaults first; by endpoint, or by handler if they have none. */
  readonly #siblings: ReadonlyMap<unknown, readonly CompiledRule<unknown>[]>;

  constructor(rules: readonly CompiledRule<unknown>[]) {
    const answering = rules.filter(({ rule, defaults }) => defaults.length > 0 && !rule.buildOnly && rule.redirectTo === undefined);
    this.#siblings = groupBy(
      answering.toSorted((one, other) => other.defaults.length - one.defaults.length),
      keyOf,
    );
  }

  /** Whether another URL can have the same arguments as one of the rule. */
  has(rule: CompiledRule<unknown>): boolean {
    return this.#siblings.has(keyOf(rule));
  }

  /** The canonical URL; `undefined` if the request already has it. */
  find(candidate: RuleCandidate<unknown>, args: Args, requested: RequestedUrl): Location | undefined {
    const { sent: path, host } = requested;
    const { compiled, alternative } = candidate;
    const siblings = this.#siblings.get(keyOf(compiled));
    if (siblings === undefined) return undefined;
    for (const { rule, builder, args: names, methods, defaults: given } of siblings) {
      if (rule === compiled.rule) {
        const { defaults } = rule;
        const saysDefault = alternative.tokens.some((token) => token.type !== "text" && sameValue(args[token.name], defaults[token.name]));
        const shortest = saysDefault ? builder.build(args) : path;
        return shortest === path ? undefined : { host: builder.host(args), pathOrUrl: shortest };
      }
      if (given.length < compiled.defaults.length) return undefined;
      if (sameNames(names, compiled.args) && builder.countKnown(args) !== undefined && requested.allows(methods)) {
        const other = { host: builder.host(args), pathOrUrl: builder.build(args) };
        // A redirect to the URL of the request would never end.
        const isOwn = other.pathOrUrl === path && (other.host === undefined || hostAsPath(other.host) === host);
        return isOwn ? undefined : other;
      }
    }
    return undefined;
  }
}

const keyOf = ({ rule: { endpoint, handler } }: CompiledRule<unknown>): unknown => endpoint ?? handler;

const sameNames = (one: ReadonlySet<string>, other: ReadonlySet<string>) =>
  one.size === other.size && [...one].every((name) => other.has(name));
