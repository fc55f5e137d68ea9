import { decoded } from "../http/decoded.ts";
import { allowedMethods, methodsOfRules } from "./methods.ts";
import { EmptyArgs, MalformedPath, noArgs, type Args, type NewArgs } from "../rules/arg-reader.ts";
import { hostAsPath } from "../rules/pattern.ts";
import type { AnyRule } from "../rules/rule.ts";
import { isElsewhere, origin, withPort, type UrlBase, type UrlOptions } from "../urls/endpoint-urls.ts";
import { encodeUnsafe } from "../urls/redirect-target.ts";
import { UnbuildableUrl, type UrlArgs } from "../urls/url-args.ts";
import type { CompiledRule, RuleTargets } from "./compiled-rule.ts";
import { describeRow, type RuleDescription } from "./describe-rules.ts";
import type { CandidateFilter } from "./matcher.ts";
import type { Found, RuleCandidate } from "./rule-candidate.ts";
import { redirectFor, type Location } from "./rule-redirects.ts";
import { makeRuleTable, type HostCandidate, type RuleTable } from "./rule-table.ts";

/** The result of a lookup. If the handler that was found is not loaded yet, load it, `update()` its rule, and match again. */
export type Matched<Target> =
  | Found<Target>
  /** `location` is a path with one leading slash and no query, or an absolute URL if the host is another one. */
  | { readonly type: "redirect"; readonly location: string }
  /** `OPTIONS` for a path whose rules do not answer it themselves. */
  | { readonly type: "options"; readonly allow: readonly string[] }
  | { readonly type: "methodNotAllowed"; readonly allow: readonly string[] }
  /** The path has malformed percent-encoding. */
  | { readonly type: "malformed" }
  | { readonly type: "notFound" };

const notFound = { type: "notFound" } as const;
const malformed = { type: "malformed" } as const;
const slashCode = 47;

/** Finds the rule for a request, and builds the URL of an endpoint. */
export class Router<Target = unknown> {
  readonly rules: readonly AnyRule[];
  /** Whether any rule has a host. Then `match()` needs the host of the request. */
  readonly usesHosts: boolean;
  /** The methods that any rule answers, and those that every application knows. */
  readonly methods: ReadonlySet<string>;
  readonly #targets: RuleTargets<Target>;
  readonly #table: RuleTable<Target>;
  // Some of the table's fields, because they are read at every lookup.
  readonly #hosts: RuleTable<Target>["hosts"];
  readonly #anyHost: RuleTable<Target>["anyHost"];
  readonly #spelling: RuleTable<Target>["spelling"];

  /** The beginning of every URL and redirect. Paths that are looked up do not have it. */
  readonly #basePath: string;

  /** @throws RuleError, DuplicateRuleError naming every rule that cannot work. */
  constructor(rules: readonly AnyRule[], targets: RuleTargets<Target>, basePath = "") {
    this.rules = rules;
    this.#basePath = basePath;
    this.#targets = targets;
    this.#table = makeRuleTable(rules, targets, basePath);
    this.methods = methodsOfRules([...this.#table.compiled.values()].flatMap((each) => (countsMethods(each) ? [each.methods] : [])));
    this.#hosts = this.#table.hosts;
    this.#anyHost = this.#table.anyHost;
    this.#spelling = this.#table.spelling;
    this.usesHosts = this.#hosts !== undefined;
  }

  /** The rules as a table, in the order in which they were given. */
  describe(): readonly RuleDescription[] {
    return this.rules.map((rule) => describeRow(rule, this.#table.compiled.get(rule)?.methods, this.#targets.describe));
  }

  /** Adds the methods of a rule whose handler was loaded. */
  update(rule: AnyRule): void {
    const compiled = this.#table.compiled.get(rule);
    if (compiled === undefined || this.#targets.isPending?.(rule) === true) return;
    compiled.methods = this.#targets.methods(rule);
    compiled.isPending = false;
    for (const candidate of this.#table.pending) {
      if (candidate.compiled !== compiled) continue;
      candidate.update();
      this.#table.pending.delete(candidate);
    }
  }

  /**
   * Finds the rule for a request.
   *
   * @param method - In upper case.
   * @param path - The path as it was sent: not decoded, without the query.
   * @param base - Scheme and host of the request; needed if `usesHosts`.
   */
  match(method: string, path: string, base?: UrlBase): Matched<Target> {
    if (path.charCodeAt(0) !== slashCode) return notFound;
    const sent = path.includes("%") ? path.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()) : path;
    const raw = this.#spelled(sent);
    const host = this.#hosts === undefined || base === undefined ? undefined : hostAsPath(base.host);
    const exact = this.#anyHost.exact(raw);
    if (host === undefined && exact?.answer !== undefined && allows(exact.methods, method)) return exact.answer;
    const search = new Search<Target>(method, sent, raw, host);
    const found = this.#find(search, exact);
    if (found !== undefined) return this.#found(search, found, base);
    const { refused } = search;
    // What a rule allows is known when its handler is loaded.
    if (search.pending !== undefined) return foundBy(search.pending, noArgs);
    if (refused !== undefined && method === "OPTIONS") return { type: "options", allow: allowedMethods(refused) };
    const slashed = this.#otherSlashes(search);
    if (typeof slashed === "string") return { type: "redirect", location: this.#basePath + slashed };
    if (slashed !== undefined) return foundBy(slashed, noArgs);
    if (refused !== undefined) return { type: "methodNotAllowed", allow: allowedMethods(refused) };
    return search.encoded && decoded(raw) === undefined ? malformed : notFound;
  }

  /**
   * The URL of an endpoint.
   *
   * @param base - Scheme and host of the running request. Without it, an absolute URL needs `host`.
   * @throws BuildError that names what is missing or cannot be written into a URL.
   */
  build(endpoint: string, args: UrlArgs, options?: UrlOptions, base?: UrlBase): string {
    return this.#table.endpoints.build(endpoint, args, options, base);
  }

  #spelled(path: string): string {
    return this.#spelling === undefined ? path : this.#spelling(path);
  }

  #find(search: Search<Target>, exact: RuleCandidate<Target> | undefined): RuleCandidate<Target> | undefined {
    const { path, host } = search;
    if (host !== undefined) {
      let found: RuleCandidate<Target> | undefined;
      const filter = { accepts: ({ rules }: HostCandidate<Target>) => (found = rules.find(path, search, rules.exact(path))) !== undefined };
      this.#hosts!.find(host, filter, this.#hosts!.exact(host));
      if (found !== undefined) return found;
    }
    return this.#anyHost.find(path, search, exact);
  }

  #found(search: Search<Target>, candidate: RuleCandidate<Target>, base: UrlBase | undefined): Matched<Target> {
    if (candidate.isPending) return foundBy(candidate, noArgs);
    try {
      const params = search.args(candidate);
      if (candidate.isRedirect) return this.#redirect(redirectFor(candidate.compiled, params, this.#table.endpoints), base);
      const location = candidate.mayHaveOtherUrl ? this.#table.canonical.find(candidate, params, search) : undefined;
      if (location !== undefined) return this.#redirect(location, base);
      return foundBy(candidate, params);
    } catch (error) {
      if (error instanceof MalformedPath) return malformed;
      // The target of the redirect cannot be written as a URL.
      if (error instanceof UnbuildableUrl) return notFound;
      throw error;
    }
  }

  #redirect({ host, pathOrUrl }: Location, base: UrlBase | undefined): Matched<Target> {
    const start = isElsewhere(host, base) ? origin(base?.scheme ?? "http", withPort(host!, base)) : "";
    return { type: "redirect", location: start + (pathOrUrl.startsWith("/") ? this.#basePath + pathOrUrl : pathOrUrl) };
  }

  /** The path with the final slash added or repeated slashes merged, if a rule answers that one; the rule, if its handler must be loaded to know. */
  #otherSlashes({ sent: path, method, host }: Search<Target>): string | RuleCandidate<Target> | undefined {
    const isRepeated = path.includes("//");
    if (!isRepeated && !this.#table.hasBranches) return undefined;
    let pending: RuleCandidate<Target> | undefined;
    const find = (other: string, onlyBranches: boolean) => {
      const search = new Search<Target>(method, other, this.#spelled(other), host, onlyBranches);
      const found = this.#find(search, this.#anyHost.exact(search.path));
      pending ??= found?.isPending === true ? found : search.pending;
      // OPTIONS is answered for every path that has a rule, with any methods. So it is also redirected to such a path, like GET.
      return found !== undefined || (method === "OPTIONS" && search.refused !== undefined);
    };
    const slashed = (text: string) => (!text.endsWith("/") && find(`${text}/`, true) ? `${text}/` : undefined);
    const merged = isRepeated ? path.replace(/\/{2,}/g, "/") : path;
    const other =
      (path.startsWith("//") ? undefined : slashed(path)) ?? (isRepeated ? (find(merged, false) ? merged : slashed(merged)) : undefined);
    return pending ?? (other === undefined ? undefined : encodeUnsafe(other));
  }
}

/**
 * Whether the methods of a rule count as methods of the application. Those of a rule that only builds URLs do not, nor do those of a
 * redirect without methods.
 */
const countsMethods = ({ rule, methods }: CompiledRule<unknown>) =>
  !rule.buildOnly && (rule.redirectTo === undefined || methods !== undefined);

/** One search for the rule of a request. It decides which candidates fit, and records the methods of those that do not. */
class Search<Target> implements CandidateFilter<RuleCandidate<Target>> {
  /** In upper case. */
  readonly method: string;
  /** Not decoded; the hexadecimal digits of escapes are in upper case. */
  readonly sent: string;
  /** The same in the spelling of the literals. */
  readonly path: string;
  /** In the form of a path; `undefined`: the host does not matter. */
  readonly host: string | undefined;
  /** Whether the path has escapes. */
  readonly encoded: boolean;
  /** Whether only rules whose path ends with a slash are found. */
  readonly onlyBranches: boolean;
  /** Methods of rules that match the path but not the method. */
  refused: Set<string> | undefined;
  /** One of these rules whose handler is not loaded yet. */
  pending: RuleCandidate<Target> | undefined;
  /** The last candidate whose converters have accepted the arguments, and these arguments. */
  #read: RuleCandidate<Target> | undefined;
  #args: Args | undefined;

  constructor(method: string, sent: string, path: string, host: string | undefined, onlyBranches = false) {
    this.method = method;
    this.sent = sent;
    this.path = path;
    this.host = host;
    this.encoded = path.includes("%");
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
    if (this.allows(methods)) return true;
    if (candidate.isPending) this.pending ??= candidate;
    this.refused ??= new Set();
    for (const each of methods!) this.refused.add(each);
    return false;
  }

  /** Whether the methods of a rule, `undefined` for any, include that of the request. */
  allows(methods: readonly string[] | undefined): boolean {
    return allows(methods, this.method);
  }

  /**
   * The arguments of an accepted candidate.
   *
   * @throws MalformedPath for a malformed escape in a value.
   */
  args(candidate: RuleCandidate<Target>): Args {
    // The candidate was accepted, so no converter refuses a value.
    return (this.#read === candidate ? this.#args : undefined) ?? readArgs(candidate, this.path, this.host, this.encoded)!;
  }

  #tryArgs(candidate: RuleCandidate<Target>): Args | undefined {
    try {
      return readArgs(candidate, this.path, this.host, this.encoded);
    } catch (error) {
      if (error instanceof MalformedPath) return undefined;
      throw error;
    }
  }
}

/** Whether the methods of a rule, `undefined` for any, include one; `GET` includes `HEAD`. */
function allows(methods: readonly string[] | undefined, method: string): boolean {
  return methods === undefined || methods[0] === method || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}

/**
 * The arguments of a rule in a path and a host; `undefined`: a converter refuses a value.
 *
 * @param encoded - Whether the path has escapes.
 * @throws MalformedPath for a malformed escape in a value.
 */
function readArgs(candidate: RuleCandidate<unknown>, path: string, host: string | undefined, encoded: boolean): Args | undefined {
  const { segments, readers } = candidate;
  if (segments !== undefined) return candidate.hasNoArgs ? noArgs : segments.read(path, encoded);
  for (const reader of readers) {
    const args = start(candidate, host);
    if (args !== undefined && reader.fill(args, path, encoded)) return args;
  }
  return undefined;
}

/** The defaults and the arguments in the host; `undefined`: a converter refuses a value. */
function start({ compiled }: RuleCandidate<unknown>, host: string | undefined): NewArgs | undefined {
  const args = new EmptyArgs();
  const { defaults } = compiled.rule;
  for (const name of compiled.defaults) args[name] = defaults[name];
  const { hostReaders } = compiled;
  return hostReaders.length === 0 || hostReaders.some((reader) => reader.fill(args, host!, false)) ? args : undefined;
}

function foundBy<Target>({ rule, target }: RuleCandidate<Target>, params: Args): Found<Target> {
  return { type: "found", rule, target: target as Target, params };
}
