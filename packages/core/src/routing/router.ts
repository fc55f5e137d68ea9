import { SegmentReaders } from "../rules/arg-reader.ts";
import { CanonicalUrls } from "./canonical-urls.ts";
import { compileRules, type CompiledRule, type RuleTargets } from "./compiled-rule.ts";
import { Endpoints, origin, withPort, type UrlBase, type UrlOptions } from "../urls/endpoint-urls.ts";
import { DuplicateRuleError, RuleError } from "../http/errors.ts";
import { Matcher, rankCandidates, type Candidate } from "./matcher.ts";
import { hostAsPath } from "../rules/pattern.ts";
import { findUnreachable, hostKey } from "./unreachable-rules.ts";
import { encodeUnsafe } from "../urls/redirect-target.ts";
import { candidatesOf, type Found, type RuleCandidate } from "./rule-candidate.ts";
import { checkRedirects, redirectFor, type Location } from "./rule-redirects.ts";
import type { AnyRule } from "../rules/rule.ts";
import { allows, Search } from "./search.ts";
import { Refused, type UrlArgs } from "../urls/url-args.ts";

/** One line of the table of rules. */
export interface RuleDescription {
  /** `undefined`: any, as long as the handler's class is not loaded, or the rule redirects. */
  readonly methods: readonly string[] | undefined;
  /** `undefined`: any. */
  readonly host: string | undefined;
  readonly path: string;
  readonly endpoint: string | undefined;
  /** Name of the class, with the action if there is one; or what the rule does without a handler. */
  readonly handler: string;
  /** Names of the classes, in the order in which they run. */
  readonly middleware: readonly string[];
}

export type Matched<Target> =
  | Found<Target>
  /** A path with one leading slash and no query, or a whole URL where the host is another one. */
  | { readonly type: "redirect"; readonly location: string }
  /** `OPTIONS` of a path whose rules leave the answer to the framework. */
  | { readonly type: "options"; readonly allow: readonly string[] }
  | { readonly type: "methodNotAllowed"; readonly allow: readonly string[] }
  /** The path has an escape that is not valid UTF-8, or none at all. */
  | { readonly type: "malformed" }
  | { readonly type: "notFound" };

/** The rules of one group of hosts, as a candidate of the matcher that tells hosts apart. */
interface HostCandidate<Target> extends Candidate {
  readonly rules: Matcher<RuleCandidate<Target>>;
}

const notFound = { type: "notFound" } as const;
const malformed = { type: "malformed" } as const;
const slashCode = 47;

/** Which rule answers a path, and which URL an endpoint has. */
export class Router<Target = unknown> {
  readonly rules: readonly AnyRule[];
  /** Whether any rule says for which host it is: then `match()` needs the request's. */
  readonly usesHosts: boolean;
  readonly #hosts: Matcher<HostCandidate<Target>> | undefined;
  readonly #anyHost: Matcher<RuleCandidate<Target>>;
  /** Whether any rule's path ends with a slash. */
  readonly #hasBranches: boolean;
  readonly #endpoints: Endpoints;
  readonly #canonical: CanonicalUrls;
  readonly #describe: RuleTargets<Target>["describe"];
  readonly #methods: ReadonlyMap<AnyRule, readonly string[] | undefined>;

  /** @throws RuleError, DuplicateRuleError naming every rule that can not work. */
  constructor(rules: readonly AnyRule[], targets: RuleTargets<Target>) {
    this.rules = rules;
    const problems = [...(targets.problems ?? [])];
    const report = (problem: string) => void problems.push(problem);
    const compiled = compileRules(rules, targets, report);
    this.#endpoints = new Endpoints(compiled);
    this.#canonical = new CanonicalUrls(compiled);
    this.#describe = targets.describe;
    this.#methods = new Map(compiled.map(({ rule, methods }) => [rule, methods]));
    checkRedirects(compiled, this.#endpoints, rules, report);
    // Among equals the first answers, and a rule for HEAD alone comes before one whose GET would serve it.
    const answering = compiled
      .filter(({ rule }) => !rule.buildOnly)
      .toSorted((one, other) => Number(isHeadAlone(other)) - Number(isHeadAlone(one)));
    const readers = new SegmentReaders();
    const ranked = rankCandidates(answering.flatMap((each) => candidatesOf(each, readers)));
    const { duplicates, hidden } = findUnreachable(ranked);
    problems.push(...duplicates, ...hidden);
    if (problems.length > 0) throw new (duplicates.length > 0 ? DuplicateRuleError : RuleError)(problems);
    for (const each of ranked) if (!this.#canonical.has(each.compiled)) each.prepareAnswer();
    const byHost = groupByHost(ranked);
    this.#anyHost = new Matcher(byHost.get("") ?? []);
    byHost.delete("");
    this.usesHosts = byHost.size > 0;
    this.#hosts = this.usesHosts ? new Matcher(rankCandidates([...byHost.values()].flatMap(hostCandidates))) : undefined;
    this.#hasBranches = ranked.some(({ isBranch }) => isBranch);
  }

  /** The rules as a table, in the order in which they were given. */
  describe(): readonly RuleDescription[] {
    return this.rules.map((rule) => {
      const { host, path, endpoint, redirectTo, buildOnly } = rule;
      const methods = this.#methods.get(rule);
      const does = buildOnly
        ? "(only builds URLs)"
        : redirectTo === undefined
          ? undefined
          : `(redirects${typeof redirectTo === "string" ? ` to ${redirectTo}` : ""})`;
      const { handler, middleware } =
        does === undefined ? (this.#describe?.(rule) ?? { handler: "", middleware: [] }) : { handler: does, middleware: [] };
      return { methods, host, path, endpoint, handler, middleware };
    });
  }

  /**
   * Finds the rule for a request.
   *
   * @param method - In upper case.
   * @param path - As it was sent: not decoded, without the query.
   * @param base - Of the request; needed where `usesHosts`.
   */
  match(method: string, path: string, base?: UrlBase): Matched<Target> {
    if (path.charCodeAt(0) !== slashCode) return notFound;
    const encoded = path.includes("%");
    const raw = encoded ? path.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()) : path;
    const host = this.#hosts === undefined || base === undefined ? undefined : hostAsPath(base.host);
    const exact = this.#anyHost.exact(raw);
    if (host === undefined && exact?.answer !== undefined && allows(exact.methods, method)) return exact.answer;
    const search = new Search<Target>(method, raw, host, encoded);
    const found = this.#find(search, exact);
    if (found !== undefined) return this.#found(search, found, base);
    const { refused } = search;
    if (refused !== undefined && method === "OPTIONS") return { type: "options", allow: allowed(refused) };
    const slashed = this.#otherSlashes(search);
    if (slashed !== undefined) return { type: "redirect", location: slashed };
    if (refused !== undefined) return { type: "methodNotAllowed", allow: allowed(refused) };
    return encoded && !isDecodable(raw) ? malformed : notFound;
  }

  /**
   * The URL of an endpoint.
   *
   * @param base - Of the running request; left out, an absolute URL needs `host`.
   * @throws BuildError naming what is missing, or what can not be written into a URL.
   */
  build(endpoint: string, args: UrlArgs, options?: UrlOptions, base?: UrlBase): string {
    return this.#endpoints.build(endpoint, args, options, base);
  }

  #find(search: Search<Target>, exact: RuleCandidate<Target> | undefined): RuleCandidate<Target> | undefined {
    const { path, host } = search;
    if (host !== undefined) {
      let found: RuleCandidate<Target> | undefined;
      const judge = { accepts: ({ rules }: HostCandidate<Target>) => (found = rules.find(path, search, rules.exact(path))) !== undefined };
      this.#hosts!.find(host, judge, this.#hosts!.exact(host));
      if (found !== undefined) return found;
    }
    return this.#anyHost.find(path, search, exact);
  }

  #found(search: Search<Target>, candidate: RuleCandidate<Target>, base: UrlBase | undefined): Matched<Target> {
    const { rule, target } = candidate;
    try {
      const params = search.args(candidate);
      if (candidate.isRedirect) return this.#redirect(redirectFor(candidate.compiled, params, this.#endpoints), base);
      const location = this.#canonical.find(candidate, params, search);
      if (location !== undefined) return this.#redirect(location, base);
      return { type: "found", rule, target: target as Target, params };
    } catch (error) {
      if (error instanceof URIError) return malformed;
      // What no URL can say is nowhere to be found.
      if (error instanceof Refused) return notFound;
      throw error;
    }
  }

  #redirect({ host, path }: Location, base: UrlBase | undefined): Matched<Target> {
    const onlyPath = host === undefined || (base !== undefined && hostAsPath(base.host) === hostAsPath(host));
    return { type: "redirect", location: onlyPath ? path : origin(base?.scheme ?? "http", withPort(host, base)) + path };
  }

  /** The path that a request without its final slash, or with slashes repeated, is sent on to. */
  #otherSlashes({ path, method, host, encoded }: Search<Target>): string | undefined {
    const isRepeated = path.includes("//");
    if (!isRepeated && !this.#hasBranches) return undefined;
    const find = (other: string, onlyBranches: boolean) =>
      this.#find(new Search(method, other, host, encoded, onlyBranches), this.#anyHost.exact(other)) !== undefined;
    const slashed = (text: string) => (!text.endsWith("/") && find(`${text}/`, true) ? `${text}/` : undefined);
    const merged = isRepeated ? path.replace(/\/{2,}/g, "/") : path;
    const other =
      (path.startsWith("//") ? undefined : slashed(path)) ?? (isRepeated ? (find(merged, false) ? merged : slashed(merged)) : undefined);
    return other === undefined ? undefined : encodeUnsafe(other);
  }
}

function groupByHost<Target>(ranked: readonly RuleCandidate<Target>[]): Map<string, RuleCandidate<Target>[]> {
  const ids = new Map<unknown, number>();
  const groups = new Map<string, RuleCandidate<Target>[]>();
  for (const each of ranked) {
    const key = hostKey(each.compiled, ids);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [each]);
    else known.push(each);
  }
  return groups;
}

/** One group's hosts, as patterns that a matcher tells apart like paths. */
function hostCandidates<Target>(ranked: readonly RuleCandidate<Target>[]): readonly HostCandidate<Target>[] {
  const rules = new Matcher(ranked);
  const { host, constrained } = ranked[0]!.compiled;
  return host!.map((alternative) => ({
    rules,
    alternative,
    constrained,
    optional: host!.length > 1,
    lenient: false,
    order: 0,
    next: undefined,
  }));
}

const isHeadAlone = ({ methods }: CompiledRule<unknown>) =>
  methods !== undefined && methods.includes("HEAD") && methods.every((name) => name === "HEAD" || name === "OPTIONS");

/** Methods for `Allow`, sorted. */
function allowed(methods: ReadonlySet<string>): readonly string[] {
  return [...new Set([...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"])].sort();
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
