import type { Args } from "../rules/arg-reader.ts";
import type { Judge } from "./matcher.ts";
import { readArgs } from "./rule-args.ts";
import type { RuleCandidate } from "./rule-candidate.ts";

/** One search for the rule of a request: which candidates fit it, and what it has seen of the others. */
export class Search<Target> implements Judge<RuleCandidate<Target>> {
  /** In upper case. */
  readonly method: string;
  /** Not decoded, with its escapes in upper case. */
  readonly path: string;
  /** As a path; `undefined`: not asked for. */
  readonly host: string | undefined;
  /** Whether the path has escapes. */
  readonly encoded: boolean;
  /** Whether only rules count whose path ends with a slash. */
  readonly onlyBranches: boolean;
  /** Methods of rules that have the path and not the method. */
  refused: Set<string> | undefined;
  /** The candidate that was looked at last whose arguments its converters have read, and those. */
  #read: RuleCandidate<Target> | undefined;
  #args: Args | undefined;

  constructor(method: string, path: string, host: string | undefined, encoded: boolean, onlyBranches = false) {
    this.method = method;
    this.path = path;
    this.host = host;
    this.encoded = encoded;
    this.onlyBranches = onlyBranches;
  }

  accepts(candidate: RuleCandidate<Target>): boolean {
    if (this.onlyBranches && !candidate.isBranch) return false;
    const { methods } = candidate;
    if (candidate.isConstrained) {
      const args = this.#tryArgs(candidate);
      if (args === undefined) return false;
      this.#read = candidate;
      this.#args = args;
    }
    if (allows(methods, this.method)) return true;
    this.refused ??= new Set();
    for (const each of methods!) this.refused.add(each);
    return false;
  }

  /**
   * The arguments of an accepted candidate.
   *
   * @throws URIError for a malformed escape in a value.
   */
  args(candidate: RuleCandidate<Target>): Args {
    // Accepting has shown that no converter refuses them.
    return (this.#read === candidate ? this.#args : undefined) ?? readArgs(candidate, this.path, this.host, this.encoded)!;
  }

  #tryArgs(candidate: RuleCandidate<Target>): Args | undefined {
    try {
      return readArgs(candidate, this.path, this.host, this.encoded);
    } catch (error) {
      if (error instanceof URIError) return undefined;
      throw error;
    }
  }
}

/** Whether a rule's methods, `undefined` for any, serve a method; `HEAD` is served by `GET`. */
export function allows(methods: readonly string[] | undefined, method: string): boolean {
  return methods === undefined || methods[0] === method || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}
