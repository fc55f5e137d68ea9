import type { Token } from "path-to-regexp";
import { refusedMethods } from "./methods.ts";
import { ArgReader } from "../rules/arg-reader.ts";
import { isConverter, type Converters } from "../rules/converter.ts";
import { nativeSpelling } from "../rules/foreign-syntax.ts";
import { alternatives, parseHost, parsePattern } from "../rules/pattern.ts";
import { readRedirectPattern, type RedirectPattern } from "../urls/redirect-target.ts";
import type { AnyRule } from "../rules/rule.ts";
import { allNames, UrlBuilder } from "../urls/url-builder.ts";

/** A rule whose patterns are parsed and checked. */
export interface CompiledRule<Target> {
  readonly rule: AnyRule;
  /** `undefined` for a rule that redirects, or only builds URLs. */
  readonly target: Target | undefined;
  /** HTTP methods that the rule answers; `undefined`: any. */
  methods: readonly string[] | undefined;
  /** Whether the class of its handler is not loaded yet. Then `methods` is only what the rule says. */
  isPending: boolean;
  /** The readers of the alternatives of its path, in the order of path-to-regexp. */
  readonly readers: readonly ArgReader[];
  /** The same for its host; empty for any host. */
  readonly hostReaders: readonly ArgReader[];
  /** Names of all its arguments: the parameters of path and host, and the defaults. */
  readonly args: ReadonlySet<string>;
  /** Names of the arguments with a converter, and of those with a default. */
  readonly constrained: ReadonlySet<string>;
  readonly defaults: readonly string[];
  readonly builder: UrlBuilder;
  /** The pattern of `redirectTo`, if that is text. */
  readonly redirect: RedirectPattern | undefined;
}

/** What a router needs to know about the handlers of its rules. */
export interface RuleTargets<Target> {
  /** The target of a rule. Not called for rules that redirect or only build URLs. */
  readonly target: (rule: AnyRule) => Target;
  /** HTTP methods that a rule answers; `undefined`: any. Called at start, and again for a rule whose handler was loaded. */
  readonly methods: (rule: AnyRule) => readonly string[] | undefined;
  /** Whether the handler of a rule is not loaded yet. Left out: all are loaded. */
  readonly isPending?: (rule: AnyRule) => boolean;
  /** Names for the table of rules. */
  readonly describe?: (rule: AnyRule) => { readonly handler: string; readonly middleware: readonly string[] };
  /** Problems of the rules that the router does not find itself; a sentence each. */
  readonly problems?: readonly string[];
}

/** Compiles the rules that can work; `report` gets a sentence for each problem of the others. */
export function compileRules<Target>(
  rules: readonly AnyRule[],
  targets: RuleTargets<Target>,
  report: (problem: string) => void,
): readonly CompiledRule<Target>[] {
  const lists = new Map<string, readonly string[]>();
  const shared: Shared = (methods) => {
    const key = methods.join(",");
    const known = lists.get(key);
    if (known === undefined) lists.set(key, methods);
    return known ?? methods;
  };
  return rules.flatMap((rule) => {
    try {
      const compiled = compileRule(rule, targets, shared);
      const problems = problemsOf(compiled);
      for (const problem of problems) report(`The rule ${describeRule(rule)} cannot work: ${problem}.`);
      return problems.length === 0 ? [compiled] : [];
    } catch (error) {
      // encodeURI throws URIError for half of a surrogate pair.
      if (!(error instanceof TypeError || error instanceof URIError)) throw error;
      report(`The rule ${describeRule(rule)} cannot work: ${error.message}.`);
      return [];
    }
  });
}

const noNames: ReadonlySet<string> = Object.freeze(new Set<string>());
const setOf = (names: readonly string[]) => (names.length === 0 ? noNames : new Set(names));

/** Returns the same list for all equal lists of methods, so that it stays in the cache of the processor. */
type Shared = (methods: readonly string[]) => readonly string[];

/** @throws TypeError that says what is wrong with a pattern. */
function compileRule<Target>(rule: AnyRule, targets: RuleTargets<Target>, shared: Shared): CompiledRule<Target> {
  checkTypes(rule);
  const { where, defaults } = rule;
  const pathTokens = parsePattern(rule.path);
  const hostTokens = rule.host === undefined ? [] : parseHost(rule.host);
  const readersOf = (tokens: readonly Token[]) => alternatives(tokens).map((each) => new ArgReader(each, where));
  const readers = readersOf(pathTokens);
  const hostReaders = rule.host === undefined ? [] : readersOf(hostTokens);
  const answers = rule.redirectTo === undefined && !rule.buildOnly;
  const methods = answers ? targets.methods(rule) : rule.methods;
  return {
    rule,
    target: answers ? targets.target(rule) : undefined,
    methods: methods === undefined ? undefined : shared(methods),
    isPending: answers && targets.isPending?.(rule) === true,
    readers,
    hostReaders,
    args: setOf([...allNames(pathTokens), ...allNames(hostTokens), ...Object.keys(defaults)]),
    constrained: setOf(Object.keys(where)),
    defaults: Object.keys(defaults),
    builder: new UrlBuilder(pathTokens, hostTokens, { where, defaults, readers, hostReaders }),
    redirect: typeof rule.redirectTo === "string" ? readRedirectPattern(rule.redirectTo) : undefined,
  };
}

/** @throws TypeError for options of a wrong type, which JavaScript can pass. */
function checkTypes({ path, endpoint, host, redirectTo }: AnyRule): void {
  for (const [name, value] of Object.entries({ endpoint, host }))
    if (value !== undefined && typeof value !== "string") throw new TypeError(`its ${name} must be text`);
  const isTarget =
    redirectTo === undefined ||
    typeof redirectTo === "string" ||
    typeof redirectTo === "function" ||
    typeof (redirectTo as { endpoint?: unknown } | null)?.endpoint === "string";
  if (!isTarget) throw new TypeError("its redirectTo must be a pattern, a function or { endpoint }");
  for (const [name, text] of Object.entries({ path, host, redirectTo })) {
    const native = typeof text === "string" ? nativeSpelling(text) : undefined;
    if (native !== undefined) throw new TypeError(`its ${name} has a parameter in the syntax of another router; write ${native}`);
  }
}

/** The problems of a rule whose patterns could be parsed; a sentence each. */
function problemsOf({ rule, readers, hostReaders, builder }: CompiledRule<unknown>): readonly string[] {
  const { where, defaults, endpoint, handler, redirectTo, buildOnly } = rule;
  const inPath = namesIn(readers);
  const inHost = namesIn(hostReaders);
  const problems: string[] = [];
  for (const name of inHost) if (inPath.has(name)) problems.push(`host and path both have the parameter "${name}"; give one another name`);
  for (const [name, converter] of Object.entries(where)) {
    if (!inPath.has(name) && !inHost.has(name)) problems.push(`where names "${name}", which is not a parameter; correct or remove it`);
    else if (!isConverter(converter))
      problems.push(`where gives "${name}" something that is not a converter; use int, oneOf(...) or { parse, format }`);
    else if (name in defaults && !isAccepted(where, name, defaults[name]))
      problems.push(`its default for "${name}" is refused by its converter; change one of them`);
  }
  const required = builder.missing({}, false);
  for (const name of Object.keys(defaults)) {
    if (required.includes(name))
      problems.push(`it has a default for "${name}", which every URL of the rule contains; put it in braces, or remove the default`);
  }
  const paths = readers.map(({ alternative }) => alternative);
  if (paths.some(({ tokens }) => tokens.some((token) => token.type === "text" && /[?#]/.test(token.value))))
    problems.push('it has a "?" or "#", which no path of a request has; remove it');
  if (paths.some(({ segments }) => segments.some(({ kind, text }) => kind === "static" && (text === "." || text === ".."))))
    problems.push('it has the segment "." or "..", which no path of a request has; remove it');
  for (const method of rule.methods ?? [])
    if (refusedMethods.has(method)) problems.push(`no rule can answer ${method}; remove it from methods`);
  if (buildOnly && endpoint === undefined) problems.push("it only builds URLs and has no endpoint; give it one");
  if (redirectTo !== undefined && handler !== undefined) problems.push("it has a handler and redirectTo; leave one of them out");
  return problems;
}

function namesIn(readers: readonly ArgReader[]): ReadonlySet<string> {
  return new Set(readers.flatMap(({ parameters }) => parameters.map(({ name }) => name)));
}

function isAccepted(where: Converters, name: string, value: unknown): boolean {
  const converter = where[name]!;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  try {
    return values.every((each) => converter.parse(converter.format(each)) !== undefined);
  } catch {
    // A converter that throws, for a value of another type for example, does not accept the value.
    return false;
  }
}

export const describeRule = ({ path, endpoint }: AnyRule) => (endpoint === undefined ? `"${path}"` : `"${path}" (endpoint "${endpoint}")`);
