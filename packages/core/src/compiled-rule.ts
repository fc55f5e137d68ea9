import type { Token } from "path-to-regexp";
import { isConverter } from "./converter.ts";
import { DuplicateRuleError, RuleError } from "./errors.ts";
import { rankCandidates, type Candidate } from "./matcher.ts";
import { alternatives, otherSlash, parseHost, parsePattern, type Alternative } from "./pattern.ts";
import { readRedirectPattern, type RedirectPattern } from "./redirect-pattern.ts";
import { allNames, UrlBuilder } from "./url-builder.ts";
import type { AnyRule, Converters } from "./rule.ts";
import { valueReader, type ValueReader } from "./values.ts";

/** A pattern's alternatives with their readers, in path-to-regexp's order. */
export interface CompiledPattern {
  readonly alternatives: readonly Alternative[];
  readonly readers: readonly ValueReader[];
}

/** A rule, read and checked. */
export interface CompiledRule<Target> {
  readonly rule: AnyRule;
  /** `undefined` for a rule that redirects, or only builds URLs. */
  readonly target: Target | undefined;
  /** HTTP methods it answers; `undefined`: any. */
  readonly methods: readonly string[] | undefined;
  readonly path: CompiledPattern;
  readonly host: CompiledPattern | undefined;
  /** Names of all arguments it gives: those of path and host, and its defaults. */
  readonly args: ReadonlySet<string>;
  readonly constrained: ReadonlySet<string>;
  readonly builder: UrlBuilder;
  /** Of `redirectTo`, where that is text. */
  readonly redirect: RedirectPattern | undefined;
}

/** A candidate of the matcher: one alternative of a rule's path. */
export interface RuleCandidate<Target> extends Candidate<CompiledRule<Target>> {
  /** Readers that path-to-regexp would try first, then the alternative's own. */
  readonly readers: readonly (readonly [Alternative, ValueReader])[];
}

/** What a router asks of whoever answers its rules. */
export interface RuleTargets<Target> {
  /** Not asked for rules that redirect or only build URLs. */
  readonly target: (rule: AnyRule) => Target;
  /** HTTP methods that a rule answers; `undefined`: any. Asked once, at start. */
  readonly methods: (rule: AnyRule) => readonly string[] | undefined;
  /** Names for a table of rules. */
  readonly describe?: (rule: AnyRule) => { readonly handler: string; readonly middleware: readonly string[] };
}

/** @throws RuleError naming every rule that can not work. */
export function compileRules<Target>(rules: readonly AnyRule[], targets: RuleTargets<Target>): readonly CompiledRule<Target>[] {
  const problems: string[] = [];
  const compiled: CompiledRule<Target>[] = [];
  for (const rule of rules) {
    try {
      compiled.push(compileRule(rule, targets));
    } catch (error) {
      // encodeURI throws URIError for half of a surrogate pair.
      if (!(error instanceof TypeError || error instanceof URIError)) throw error;
      problems.push(`The rule ${describeRule(rule)} can not work: ${error.message}.`);
    }
  }
  if (problems.length > 0) throw new RuleError(problems);
  return compiled;
}

/** @throws TypeError saying what is wrong. */
function compileRule<Target>(rule: AnyRule, targets: RuleTargets<Target>): CompiledRule<Target> {
  const { where, defaults } = rule;
  const pathTokens = parsePattern(rule.path);
  const hostTokens = rule.host === undefined ? undefined : parseHost(rule.host);
  const path = compilePattern(pathTokens);
  const host = hostTokens === undefined ? undefined : compilePattern(hostTokens);
  const inPath = new Set(allNames(pathTokens));
  const inHost = new Set(allNames(hostTokens ?? []));
  const builder = new UrlBuilder(pathTokens, hostTokens, { where, defaults });
  const places = new Set([...inPath, ...inHost]);
  check(rule, inPath, inHost, builder);
  const answers = rule.redirectTo === undefined && !rule.buildOnly;
  return {
    rule,
    target: answers ? targets.target(rule) : undefined,
    methods: answers ? targets.methods(rule) : rule.methods,
    path,
    host,
    args: new Set([...places, ...Object.keys(defaults)]),
    constrained: new Set(Object.keys(where)),
    builder,
    redirect: typeof rule.redirectTo === "string" ? readRedirectPattern(rule.redirectTo) : undefined,
  };
}

function compilePattern(tokens: readonly Token[]): CompiledPattern {
  const all = alternatives(tokens);
  return { alternatives: all, readers: all.map(valueReader) };
}

function check(rule: AnyRule, inPath: ReadonlySet<string>, inHost: ReadonlySet<string>, builder: UrlBuilder): void {
  const { where, defaults, endpoint, handler, redirectTo, buildOnly } = rule;
  for (const name of inHost)
    if (inPath.has(name)) throw new TypeError(`host and path both have the parameter "${name}"; give one another name`);
  for (const [name, converter] of Object.entries(where)) {
    if (!inPath.has(name) && !inHost.has(name)) throw new TypeError(`where names "${name}", which is no parameter of it`);
    if (!isConverter(converter))
      throw new TypeError(`where gives "${name}" something that is no converter; use int, oneOf(...) or { parse, format }`);
  }
  for (const [name, value] of Object.entries(defaults)) {
    if (builder.required.includes(name) || builder.requiredInHost.includes(name)) {
      throw new TypeError(
        `it has a default for "${name}", which every URL of it gives; put the parameter into braces, or remove the default`,
      );
    }
    if (Object.hasOwn(where, name) && !isAccepted(where, name, value))
      throw new TypeError(`its default for "${name}" is refused by its converter`);
  }
  if (/[?#]/.test(rule.path.replace(/[:*]"(?:[^"\\]|\\.)*"/g, "")))
    throw new TypeError('it has a "?" or "#", which no path of a request has, so it could never match');
  if (buildOnly && endpoint === undefined) throw new TypeError("it only builds URLs and has no endpoint to build them by");
  if (redirectTo !== undefined && handler !== undefined) throw new TypeError("it has a handler and redirectTo; leave one of them out");
}

function isAccepted(where: Converters, name: string, value: unknown): boolean {
  const converter = where[name]!;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.every((each) => converter.parse(converter.format(each)) !== undefined);
}

export const describeRule = ({ path, endpoint }: AnyRule) => (endpoint === undefined ? `"${path}"` : `"${path}" (endpoint "${endpoint}")`);

/** Every alternative of a rule's path, those with the other final slash last. */
export function candidatesOf<Target>(compiled: CompiledRule<Target>): readonly RuleCandidate<Target>[] {
  const { path, rule, constrained } = compiled;
  const own = path.alternatives.map((alternative, i) => [alternative, path.readers[i]!] as const);
  const lenient = rule.strictSlashes ? [] : path.alternatives.flatMap((alternative) => otherSlash(alternative) ?? []);
  const all = [...own, ...lenient.map((alternative) => [alternative, valueReader(alternative)] as const)];
  return all.map(([alternative, reader], i) => ({
    target: compiled,
    alternative,
    readers: [...all.slice(0, Math.min(i, own.length)).filter(([other]) => mayOverlap(other, alternative)), [alternative, reader] as const],
    constrained,
    optional: own.length > 1,
    lenient: i >= own.length,
  }));
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

/**
 * @throws DuplicateRuleError, RuleError for rules that can never answer, because others always come first.
 */
export function checkReachable(rules: readonly CompiledRule<unknown>[]): void {
  const ids = new Map<unknown, number>();
  const shape = (alternative: Alternative, { rule }: CompiledRule<unknown>) => shapeOf(alternative, rule.where, ids);
  const buckets = new Map<string, RuleCandidate<unknown>[]>();
  const bucketOf = (candidate: RuleCandidate<unknown>) =>
    `${hostKey(candidate.target, ids)}|${shape(candidate.alternative, candidate.target)}`;
  const answering = rules.filter(({ rule }) => !rule.buildOnly);
  const candidates = answering.flatMap(candidatesOf);
  for (const candidate of rankCandidates(candidates)) {
    const key = bucketOf(candidate);
    const known = buckets.get(key);
    if (known === undefined) buckets.set(key, [candidate]);
    else known.push(candidate);
  }
  const duplicates: string[] = [];
  const hidden: string[] = [];
  for (const compiled of answering) {
    const own = candidates.filter(({ target, lenient }) => target === compiled && !lenient);
    const before = own.map((candidate) => {
      const bucket = buckets.get(bucketOf(candidate))!;
      return bucket.slice(0, bucket.indexOf(candidate)).find((other) => other.target !== compiled && hides(other.target, compiled));
    });
    if (before.some((other) => other === undefined)) continue;
    const others = [...new Set(before.map((other) => other!.target))];
    const named = others.map(({ rule }) => describeRule(rule)).join(", ");
    if (others.length === 1 && others[0]!.path.alternatives.length === compiled.path.alternatives.length) {
      duplicates.push(
        `The rules ${named} and ${describeRule(compiled.rule)} match the same paths and methods: the second could never answer. Remove one, or give each its methods.`,
      );
    } else {
      hidden.push(
        `The rule ${describeRule(compiled.rule)} could never answer: ${named} match all of its paths first. Remove it, or give each its methods.`,
      );
    }
  }
  if (duplicates.length > 0) throw new DuplicateRuleError([...duplicates, ...hidden]);
  if (hidden.length > 0) throw new RuleError(hidden);
}

/** Equal for alternatives that match the same paths, whatever their parameters are called. */
function shapeOf({ segments }: Alternative, where: Converters, ids: Map<unknown, number>): string {
  const idOf = (name: string) => {
    if (!Object.hasOwn(where, name)) return "";
    if (!ids.has(where[name])) ids.set(where[name], ids.size + 1);
    return ids.get(where[name])!;
  };
  const shape = segments.map(({ tokens }) =>
    tokens.map((token) => (token.type === "text" ? [token.value] : `${token.type}${idOf(token.name)}`)),
  );
  return JSON.stringify(shape);
}

/** Equal for rules that belong to the same hosts. */
export function hostKey({ host, rule }: CompiledRule<unknown>, ids: Map<unknown, number>): string {
  return host === undefined ? "" : host.alternatives.map((alternative) => shapeOf(alternative, rule.where, ids)).join("/");
}

/**
 * Whether a rule that comes first leaves nothing, or too little, to another: `HEAD` and `OPTIONS` are served beside
 * other methods, so they count only where a rule has nothing else.
 */
function hides({ methods: first }: CompiledRule<unknown>, { methods: second }: CompiledRule<unknown>): boolean {
  if (first === undefined || second === undefined) return true;
  const own = (methods: readonly string[]) => methods.filter((name) => name !== "HEAD" && name !== "OPTIONS");
  if (own(first).length > 0 && own(second).length > 0) return own(second).some((name) => first.includes(name));
  return own(first).length === own(second).length && second.some((name) => first.includes(name));
}
