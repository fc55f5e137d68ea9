import {
  candidatesOf,
  checkReachable,
  compileRules,
  hostKey,
  type CompiledRule,
  type RuleCandidate,
  type RuleTargets,
} from "./compiled-rule.ts";
import { Endpoints, origin, withPort, type UrlBase, type UrlOptions } from "./endpoints.ts";
import { Matcher, type Candidate } from "./matcher.ts";
import { hostAsPath } from "./pattern.ts";
import { encodeUnsafe } from "./redirect-pattern.ts";
import { checkRedirects, redirectFor, type Location } from "./rule-redirects.ts";
import { readArgs, type Args } from "./rule-args.ts";
import type { AnyRule } from "./rule.ts";
import { Refused, sameValue, type UrlArgs } from "./url-builder.ts";

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
  | { readonly type: "found"; readonly rule: AnyRule; readonly target: Target; readonly params: Args }
  /** A path with one leading slash and no query, or a whole URL where the host is another one. */
  | { readonly type: "redirect"; readonly location: string }
  /** `OPTIONS` of a path whose rules leave the answer to the framework. */
  | { readonly type: "options"; readonly allow: readonly string[] }
  | { readonly type: "methodNotAllowed"; readonly allow: readonly string[] }
  /** The path has an escape that is not valid UTF-8, or none at all. */
  | { readonly type: "malformed" }
  | { readonly type: "notFound" };

/** The rules of one host, or of any. */
interface HostRules<Target> {
  readonly matcher: Matcher<CompiledRule<Target>, RuleCandidate<Target>>;
}

const notFound = { type: "notFound" } as const;
const malformed = { type: "malformed" } as const;

/** Which rule answers a path, and which URL an endpoint has. */
export class Router<Target = unknown> {
  readonly rules: readonly AnyRule[];
  /** Whether any rule says for which host it is: then `match()` needs the request's. */
  readonly usesHosts: boolean;
  readonly #hosts: Matcher<HostRules<Target>> | undefined;
  readonly #anyHost: HostRules<Target>["matcher"];
  readonly #endpoints: Endpoints;
  readonly #describe: RuleTargets<Target>["describe"];
  readonly #methods: ReadonlyMap<AnyRule, readonly string[] | undefined>;
  /** Rules that share their arguments' canonical URL, by endpoint or else by handler. */
  readonly #siblings = new Map<unknown, CompiledRule<Target>[]>();

  /** @throws RuleError, DuplicateRuleError naming every rule that can not work. */
  constructor(rules: readonly AnyRule[], targets: RuleTargets<Target>) {
    this.rules = rules;
    const compiled = compileRules(rules, targets);
    checkReachable(compiled);
    this.#endpoints = new Endpoints(compiled);
    this.#describe = targets.describe;
    this.#methods = new Map(compiled.map(({ rule, methods }) => [rule, methods]));
    for (const each of compiled) {
      const { endpoint, handler, defaults } = each.rule;
      if (Object.keys(defaults).length > 0) add(this.#siblings, endpoint ?? handler, each);
    }
    for (const siblings of this.#siblings.values()) siblings.sort((one, other) => other.builder.defaults - one.builder.defaults);
    checkRedirects(compiled, this.#endpoints);
    const byHost = groupByHost(compiled);
    this.#anyHost = makeMatcher(byHost.get("") ?? []);
    byHost.delete("");
    this.usesHosts = byHost.size > 0;
    this.#hosts = this.usesHosts ? new Matcher([...byHost.values()].flatMap(hostCandidates)) : undefined;
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
    if (!path.startsWith("/")) return notFound;
    const raw = path.includes("%") ? path.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()) : path;
    const host = this.#hosts === undefined || base === undefined ? undefined : hostAsPath(base.host);
    const search = new Search<Target>(method, host);
    const found = this.#find(raw, host, search);
    if (found !== undefined) return this.#found(raw, host, found, method, base);
    const { refused } = search;
    if (refused !== undefined && method === "OPTIONS") return { type: "options", allow: allowed(refused) };
    const slashed = this.#otherSlashes(raw, host, method);
    if (slashed !== undefined) return { type: "redirect", location: slashed };
    if (refused !== undefined) return { type: "methodNotAllowed", allow: allowed(refused) };
    return raw.includes("%") && !isDecodable(raw) ? malformed : notFound;
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

  #find(path: string, host: string | undefined, search: Search<Target>): RuleCandidate<Target> | undefined {
    const accept = (candidate: RuleCandidate<Target>) => search.accept(path, candidate);
    if (host !== undefined) {
      let found: RuleCandidate<Target> | undefined;
      this.#hosts!.find(host, ({ target: { matcher } }) => (found = matcher.find(path, accept)) !== undefined);
      if (found !== undefined) return found;
    }
    return this.#anyHost.find(path, accept);
  }

  #found(
    path: string,
    host: string | undefined,
    candidate: RuleCandidate<Target>,
    method: string,
    base: UrlBase | undefined,
  ): Matched<Target> {
    const { target: compiled } = candidate;
    try {
      const params = readArgs(candidate, path, host)!;
      if (compiled.rule.redirectTo !== undefined) {
        return this.#redirect(redirectFor(compiled, params, this.#endpoints), base);
      }
      const location = this.#canonical(candidate, params, path, method);
      if (location !== undefined) return this.#redirect(location, base);
      return { type: "found", rule: compiled.rule, target: compiled.target as Target, params };
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

  /** Where another URL says the same, because of a rule's defaults. */
  #canonical({ target: compiled, alternative }: RuleCandidate<Target>, args: Args, path: string, method: string): Location | undefined {
    const siblings = this.#siblings.get(compiled.rule.endpoint ?? compiled.rule.handler);
    if (siblings === undefined) return undefined;
    for (const { rule, builder, args: names, methods } of siblings) {
      if (rule === compiled.rule) {
        const { defaults } = rule;
        const saysDefault = alternative.tokens.some(
          (token) => token.type !== "text" && Object.hasOwn(defaults, token.name) && sameValue(args[token.name], defaults[token.name]),
        );
        const shortest = saysDefault ? builder.build(args) : path;
        return shortest === path ? undefined : { host: builder.host(args), path: shortest };
      }
      if (builder.defaults < compiled.builder.defaults) return undefined;
      if (sameNames(names, compiled.args) && builder.fit(args) !== undefined && allows(methods, method)) {
        return { host: builder.host(args), path: builder.build(args) };
      }
    }
    return undefined;
  }

  /** The path that a request without its final slash, or with slashes repeated, is sent on to. */
  #otherSlashes(path: string, host: string | undefined, method: string): string | undefined {
    const merged = path.replace(/\/{2,}/g, "/");
    const slash = (text: string) => (text.endsWith("/") ? [] : [`${text}/`]);
    const tries = path === merged ? slash(path) : [...(path.startsWith("//") ? [] : slash(path)), merged, ...slash(merged)];
    const other = tries.find((each) => this.#find(each, host, new Search(method, host)) !== undefined);
    return other === undefined ? undefined : encodeUnsafe(other);
  }
}

/** What one search has seen. */
class Search<Target> {
  readonly #method: string;
  readonly #host: string | undefined;
  /** Methods of rules that have the path and not the method. */
  refused: Set<string> | undefined;

  constructor(method: string, host: string | undefined) {
    this.#method = method;
    this.#host = host;
  }

  accept(path: string, candidate: RuleCandidate<Target>): boolean {
    const { target } = candidate;
    if (target.constrained.size > 0 && !isReadable(candidate, path, this.#host)) return false;
    if (allows(target.methods, this.#method)) return true;
    this.refused ??= new Set();
    for (const each of target.methods!) this.refused.add(each);
    return false;
  }
}

function isReadable(candidate: RuleCandidate<unknown>, path: string, host: string | undefined): boolean {
  try {
    return readArgs(candidate, path, host) !== undefined;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

function allows(methods: readonly string[] | undefined, method: string): boolean {
  return methods === undefined || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}

function add<Key, Each>(map: Map<Key, Each[]>, key: Key, each: Each): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [each]);
  else known.push(each);
}

function groupByHost<Target>(rules: readonly CompiledRule<Target>[]): Map<string, CompiledRule<Target>[]> {
  const ids = new Map<unknown, number>();
  const groups = new Map<string, CompiledRule<Target>[]>();
  for (const each of rules) if (!each.rule.buildOnly) add(groups, hostKey(each, ids), each);
  return groups;
}

function makeMatcher<Target>(rules: readonly CompiledRule<Target>[]): HostRules<Target>["matcher"] {
  // Among equals the first answers, and a rule for HEAD alone comes before one whose GET would serve it.
  const ordered = [...rules].sort((one, other) => Number(isHeadAlone(other)) - Number(isHeadAlone(one)));
  return new Matcher(ordered.flatMap(candidatesOf));
}

/** One group's hosts, as patterns that a matcher tells apart like paths. */
function hostCandidates<Target>(rules: readonly CompiledRule<Target>[]): readonly Candidate<HostRules<Target>>[] {
  const target = { matcher: makeMatcher(rules) };
  const { host, constrained } = rules[0]!;
  return host!.alternatives.map((alternative, _i, { length }) => ({
    target,
    alternative,
    constrained,
    optional: length > 1,
    lenient: false,
  }));
}

const isHeadAlone = ({ methods }: CompiledRule<unknown>) => methods !== undefined && methods.includes("HEAD") && !methods.includes("GET");

/** Methods for `Allow`, sorted. */
function allowed(methods: ReadonlySet<string>): readonly string[] {
  return [...new Set([...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"])].sort();
}

const sameNames = (one: ReadonlySet<string>, other: ReadonlySet<string>) =>
  one.size === other.size && [...one].every((name) => other.has(name));

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
