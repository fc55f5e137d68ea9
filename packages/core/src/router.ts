import { BuildError, DuplicateRuleError, RuleError } from "./errors.ts";
import { Matcher, paramsOf, type Candidate, type Params } from "./matcher.ts";
import { nearest } from "./nearest.ts";
import { alternatives, hasWildcard, isStatic, otherSlash, parsePattern, shapeOf, type Alternative } from "./pattern.ts";
import type { Rule } from "./rule.ts";
import { UrlBuilder, type UrlArgs } from "./url-builder.ts";

/** How a URL is written. `scheme` and `host` make it absolute. */
export interface UrlOptions {
  /** With scheme and host of the running request. Default false. */
  readonly absolute?: boolean | undefined;
  /** `http`, `https`, `ws` or `wss`. */
  readonly scheme?: string | undefined;
  /** Host name, with a port where it needs one. */
  readonly host?: string | undefined;
  /** Fragment, without `#`. */
  readonly anchor?: string | undefined;
}

/** Scheme and host of the running request. */
export interface UrlBase {
  readonly scheme: string;
  readonly host: string;
}

/** What a router asks of whoever answers its rules. */
export interface RouterOptions<Target> {
  readonly target: (rule: Rule) => Target;
  /** HTTP methods that a rule answers; `undefined`: any. Asked at start. */
  readonly methods: (rule: Rule) => readonly string[] | undefined;
}

export type Matched<Target> =
  | { readonly type: "found"; readonly rule: Rule; readonly target: Target; readonly params: Params }
  /** `path` has one leading slash and no query. */
  | { readonly type: "redirect"; readonly path: string }
  /** `OPTIONS` of a path whose rules leave the answer to the framework. */
  | { readonly type: "options"; readonly allow: readonly string[] }
  | { readonly type: "methodNotAllowed"; readonly allow: readonly string[] }
  /** The path has an escape that is not valid UTF-8, or none at all. */
  | { readonly type: "malformed" }
  | { readonly type: "notFound" };

interface Route<Target> {
  readonly rule: Rule;
  readonly target: Target;
  readonly methods: readonly string[] | undefined;
  readonly alternatives: readonly Alternative[];
  readonly builder: UrlBuilder;
}

const noParams: Params = Object.freeze(Object.create(null) as Params);
const notFound = { type: "notFound" } as const;
const malformed = { type: "malformed" } as const;
const schemes = new Set(["http", "https", "ws", "wss"]);

/** Which rule answers a path, and which URL an endpoint has. */
export class Router<Target = unknown> {
  readonly rules: readonly Rule[];
  readonly #matcher: Matcher<Route<Target>>;
  readonly #endpoints = new Map<string, Route<Target>[]>();

  /** @throws RuleError, DuplicateRuleError naming every rule that can not work. */
  constructor(rules: readonly Rule[], options: RouterOptions<Target>) {
    this.rules = rules;
    const routes = compile(rules, options);
    checkDuplicates(routes);
    // Among equals the first answers, and a rule for HEAD alone comes before one whose GET would serve it.
    const ordered = [...routes].sort((one, other) => Number(isHeadAlone(other)) - Number(isHeadAlone(one)));
    this.#matcher = new Matcher(ordered.flatMap(candidates));
    for (const route of routes) {
      const { endpoint } = route.rule;
      if (endpoint === undefined) continue;
      const known = this.#endpoints.get(endpoint);
      if (known === undefined) this.#endpoints.set(endpoint, [route]);
      else known.push(route);
    }
  }

  /**
   * Finds the rule for a request.
   *
   * @param method - In upper case.
   * @param path - As it was sent: not decoded, without the query.
   */
  match(method: string, path: string): Matched<Target> {
    if (!path.startsWith("/")) return notFound;
    const raw = path.includes("%") ? path.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()) : path;
    let refused: Set<string> | undefined;
    const found = this.#find(raw, method, (methods) => {
      refused ??= new Set();
      for (const each of methods) refused.add(each);
    });
    if (found !== undefined) return this.#found(raw, found);
    if (refused !== undefined && method === "OPTIONS") return { type: "options", allow: allowed(refused) };
    const slashed = this.#otherSlashes(raw, method);
    if (slashed !== undefined) return { type: "redirect", path: slashed };
    if (refused !== undefined) return { type: "methodNotAllowed", allow: allowed(refused) };
    return raw.includes("%") && !isDecodable(raw) ? malformed : notFound;
  }

  #find(path: string, method: string, refuse: (methods: readonly string[]) => void): Candidate<Route<Target>> | undefined {
    return this.#matcher.find(path, ({ methods }) => {
      if (methods === undefined || methods.includes(method) || (method === "HEAD" && methods.includes("GET"))) return true;
      refuse(methods);
      return false;
    });
  }

  #found(path: string, candidate: Candidate<Route<Target>>): Matched<Target> {
    const { rule, target } = candidate.target;
    if (candidate.alternative.segments.every(isStatic) && candidate.earlier.length === 0)
      return { type: "found", rule, target, params: noParams };
    try {
      return { type: "found", rule, target, params: paramsOf(path, candidate) };
    } catch (error) {
      if (error instanceof URIError) return malformed;
      throw error;
    }
  }

  /** The path that a request without its final slash, or with slashes repeated, is sent on to. */
  #otherSlashes(path: string, method: string): string | undefined {
    const merged = path.replace(/\/{2,}/g, "/");
    const slash = (text: string) => (text.endsWith("/") ? [] : [`${text}/`]);
    const tries = path === merged ? slash(path) : [...(path.startsWith("//") ? [] : slash(path)), merged, ...slash(merged)];
    const other = tries.find((each) => this.#find(each, method, () => undefined) !== undefined);
    // Browsers read a backslash as a slash, and drop control characters.
    return other?.replace(/[^\x21-\x7e]|[\\"<>^`{|}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  }

  /**
   * The URL of an endpoint.
   *
   * @param base - Of the running request; left out, an absolute URL needs `host`.
   * @throws BuildError naming what is missing, or what can not be written into a URL.
   */
  build(endpoint: string, args: UrlArgs, options: UrlOptions = {}, base?: UrlBase): string {
    const path = this.#best(endpoint, args).builder.build(endpoint, args);
    const { absolute = false, scheme, host, anchor } = options;
    const fragment = anchor === undefined || anchor === "" ? "" : `#${encodeAnchor(endpoint, anchor)}`;
    if (!absolute && scheme === undefined && host === undefined) return path + fragment;
    return `${origin(endpoint, scheme ?? base?.scheme ?? "http", host ?? base?.host)}${path}${fragment}`;
  }

  /** Of the endpoint's rules that lack nothing, the one that uses most arguments; among equals the first. */
  #best(endpoint: string, args: UrlArgs): Route<Target> {
    const routes = this.#endpoints.get(endpoint);
    if (routes === undefined) throw new BuildError(endpoint, { nearest: nearest(endpoint, this.#endpoints.keys()) });
    if (routes.length === 1 && routes[0]!.builder.required.length === 0) return routes[0]!;
    let best: Route<Target> | undefined;
    let most = -1;
    for (const route of routes) {
      if (route.builder.missing(args).length > 0) continue;
      const uses = route.builder.uses(args);
      if (uses > most) [best, most] = [route, uses];
    }
    if (best === undefined) {
      const [missing] = routes.map(({ builder }) => builder.missing(args)).sort((a, b) => a.length - b.length);
      throw new BuildError(endpoint, { missing });
    }
    return best;
  }
}

function compile<Target>(rules: readonly Rule[], { target, methods }: RouterOptions<Target>): readonly Route<Target>[] {
  const problems: string[] = [];
  const routes: Route<Target>[] = [];
  for (const rule of rules) {
    try {
      const tokens = parsePattern(rule.path);
      routes.push({
        rule,
        target: target(rule),
        methods: methods(rule),
        alternatives: alternatives(tokens),
        builder: new UrlBuilder(tokens),
      });
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof URIError)) throw error;
      problems.push(`The rule "${rule.path}" has a path that can not be read: ${error.message}.`);
    }
  }
  if (problems.length > 0) throw new RuleError(problems);
  return routes;
}

/** Every alternative of a rule, those with the other final slash last. */
function candidates<Target>(route: Route<Target>): readonly Candidate<Route<Target>>[] {
  const own = route.alternatives;
  const lenient = route.rule.strictSlashes ? [] : own.map(otherSlash).filter((other) => other !== undefined);
  const all = [...own, ...lenient];
  return all.map((alternative, i) => ({
    target: route,
    alternative,
    earlier: all.slice(0, Math.min(i, own.length)).filter((other) => mayOverlap(other, alternative)),
    optional: own.length > 1,
    lenient: i >= own.length,
  }));
}

/** Whether two alternatives may match the same path, as far as is seen at once. */
function mayOverlap(one: Alternative, other: Alternative): boolean {
  if (one.segments.some(hasWildcard) || other.segments.some(hasWildcard)) return true;
  if (one.segments.length !== other.segments.length) return false;
  return one.segments.every((segment, i) => {
    const beside = other.segments[i]!;
    return !isStatic(segment) || !isStatic(beside) || segment.text === beside.text;
  });
}

/** Rules with the same alternatives and a method in common can never be told apart. */
function checkDuplicates(routes: readonly Route<unknown>[]): void {
  const known = new Map<string, Route<unknown>[]>();
  const problems: string[] = [];
  for (const route of routes) {
    const shape = [...new Set(route.alternatives.map(shapeOf))].sort().join("|");
    const others = known.get(shape);
    if (others === undefined) {
      known.set(shape, [route]);
      continue;
    }
    const twin = others.find((other) => haveCommonMethod(route.methods, other.methods));
    if (twin !== undefined) {
      problems.push(
        `The rules ${describe(twin.rule)} and ${describe(route.rule)} match the same paths and methods: the second could never answer. ` +
          "Remove one, or give each its methods.",
      );
    }
    others.push(route);
  }
  if (problems.length > 0) throw new DuplicateRuleError(problems);
}

const describe = ({ path, endpoint }: Rule) => (endpoint === undefined ? `"${path}"` : `"${path}" (endpoint "${endpoint}")`);

/** `HEAD` and `OPTIONS` are served beside other methods, so they count only where a rule has nothing else. */
function haveCommonMethod(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  const own = (methods: readonly string[]) => methods.filter((name) => name !== "HEAD" && name !== "OPTIONS");
  if (own(one).length > 0 && own(other).length > 0) return own(one).some((name) => other.includes(name));
  return own(one).length === own(other).length && one.some((name) => other.includes(name));
}

const isHeadAlone = ({ methods }: Route<unknown>) => methods !== undefined && methods.includes("HEAD") && !methods.includes("GET");

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

function encodeAnchor(endpoint: string, anchor: string): string {
  if (!anchor.isWellFormed())
    throw new BuildError(endpoint, { problem: "the anchor holds half of a surrogate pair, which no URL can say" });
  return encodeURIComponent(anchor);
}

function origin(endpoint: string, scheme: string, host: string | undefined): string {
  if (host === undefined || host === "") {
    throw new BuildError(endpoint, { problem: "an absolute URL needs a host; pass { host } where no request is running" });
  }
  if (!schemes.has(scheme)) throw new BuildError(endpoint, { problem: "the scheme must be http, https, ws or wss" });
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host)) {
    throw new BuildError(endpoint, { problem: "the host must be a name or address, with a port where it needs one" });
  }
  return `${scheme}://${host}`;
}
